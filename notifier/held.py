"""A product as check-ins meet it: held against publications, with its rules sorted by whom they concern."""

from __future__ import annotations

from dataclasses import dataclass, field

import risk
from installs_registry.intake import Reception
from installs_registry.known import KnownProduct
from risk import Standing

#: Versions whose rules are remembered.
_REMEMBERED = 4096


@dataclass(frozen=True, slots=True, eq=False)
class HeldProduct:
    """What is worked out once for as long as nothing of the product is published."""

    reception: Reception
    index: risk.ProductIndex
    #: Whether any defect offers to repair: then what an install has been counts.
    repairs: bool
    _concerning: dict[str, tuple[risk.Rule, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, product: KnownProduct, index: risk.ProductIndex) -> HeldProduct:
        """Return the product with these rules."""
        return cls(Reception.of(product), index, any(rule.repairs for rule in index.rules.values()))

    @property
    def product(self) -> KnownProduct:
        """The product itself."""
        return self.reception.product

    def concerning(self, version: str) -> tuple[risk.Rule, ...]:
        """Return the rules that an install at this version may be exposed by, if its facts do not miss."""
        found = self._concerning.get(version)
        if found is None:
            found = tuple(rule for rule in self.index.rules.values() if _concerns(rule, version))
            if len(self._concerning) < _REMEMBERED:
                self._concerning[version] = found
        return found


def _concerns(rule: risk.Rule, version: str) -> bool:
    standing = rule.standing(version)
    if standing is Standing.AFFECTED or rule.repairs:
        return True
    return standing is not Standing.CLEAR and not rule.defect.resolved
