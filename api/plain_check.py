"""The plain upgrade check: product, versions, platform and footprint, and a verdict from memory.

Nearly every check is one. Whatever else a question holds, and whatever is wrong with it, is left to `api.check`.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Final

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

import risk
from api import json_text
from api.check_facts import read_footprint, version_faults
from api.keys import Key
from api.verdict_text import VerdictText
from installs_registry.fact_values import MAX_MEMBERS, MAX_STRING
from installs_registry.types import ProductId, VersionText, Word
from notifier.verdicts import Verdicts
from risk import FactType
from risk.facts import MAX_INTEGER

_Integer = Annotated[int, Meta(ge=-MAX_INTEGER, le=MAX_INTEGER)]
_Text = Annotated[str, Meta(max_length=MAX_STRING)]
_Set = Annotated[list[_Text], Meta(max_length=MAX_MEMBERS)]

#: The types of values that need no further look, by the type of their fact; their limits are in `_Question`.
_AS_THEY_ARE: Final[Mapping[FactType, type]] = MappingProxyType(
    {FactType.INTEGER: int, FactType.NUMBER: float, FactType.BOOLEAN: bool, FactType.STRING: str}
)
#: Versions of operating systems that are remembered as well-formed.
_REMEMBERED: Final = 10_000


class _Platform(Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    os: Word | UnsetType = UNSET
    os_version: Word | UnsetType = UNSET
    arch: Word | UnsetType = UNSET


class _Question(Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """The members of `CheckQuestion` that a plain check has; those it may leave out tell whether it did."""

    product: ProductId
    from_version: VersionText = msgspec.field(name="from")
    to_version: VersionText | UnsetType = msgspec.field(name="to", default=UNSET)
    platform: _Platform | UnsetType = UNSET
    footprint: dict[str, bool | _Integer | float | _Text | _Set | None] | UnsetType = UNSET


class _Rules:
    """What is prepared of a product's rules when they change."""

    def __init__(self, index: risk.ProductIndex) -> None:
        self.index = index
        self.text = VerdictText()
        #: by the name of a fact
        self.types = {
            name: _AS_THEY_ARE[fact.type] for name, fact in index.product.facts.items() if fact.type in _AS_THEY_ARE
        }


class PlainChecks:
    """Answers plain checks."""

    def __init__(self, verdicts: Verdicts) -> None:
        self._verdicts = verdicts
        self._decode = msgspec.json.Decoder(_Question).decode
        self._rules: dict[str, _Rules] = {}
        self._os_versions: set[str] = set()

    def answer(self, key: Key, body: bytes) -> bytes | None:
        """Return the verdict as JSON text, None where the question is not plain, or something is wrong with it.

        Raises whatever reading it raises, which means the same as None.
        """
        question = self._decode(body)
        if (body.count(b":") != _members(question) and json_text.may_hide_something(body)) or b"\\" in body:
            return None
        rules = self._current(question.product)
        if rules is None or key.product not in {None, question.product}:
            return None
        facts = self._facts(rules, question)
        to_version = None if question.to_version is UNSET else question.to_version
        index = rules.index
        if facts is None or not (_reads(index, question.from_version) and _reads(index, to_version)):
            return None
        return rules.text.of(index.judge(risk.Question(question.from_version, to_version, facts)))

    def _current(self, product: str) -> _Rules | None:
        index = self._verdicts.index(product)
        rules = self._rules.get(product)
        if rules is None or rules.index is not index:
            if index is None:
                return None
            rules = self._rules[product] = _Rules(index)
        return rules

    def _facts(self, rules: _Rules, question: _Question) -> dict[str, risk.Value] | None:
        """Return what the question says of the install; None where it is to be looked at more closely."""
        footprint, platform = question.footprint, question.platform
        facts: dict[str, risk.Value] = {}
        if footprint is not UNSET:
            types = rules.types.get
            if list(map(types, footprint)) == list(map(type, footprint.values())):
                facts = footprint  # type: ignore[assignment]  # their types have just been looked at
            else:
                reading = read_footprint(rules.index.product.facts, footprint)
                if reading.faults or reading.unknown:
                    return None
                facts = reading.facts
        if platform is UNSET or self._add_platform(facts, platform):
            return facts
        return None

    def _add_platform(self, facts: dict[str, risk.Value], platform: _Platform) -> bool:
        """Add the facts of a platform; return False where its version does not parse."""
        if platform.os is not UNSET:
            facts["platform.os"] = platform.os
        if platform.arch is not UNSET:
            facts["platform.arch"] = platform.arch
        version = platform.os_version
        if version is UNSET:
            return True
        facts["platform.os_version"] = version
        return version in self._os_versions or self._remember(version)

    def _remember(self, version: str) -> bool:
        if version_faults("/platform/os_version", version, risk.scheme("intdot")):
            return False
        if len(self._os_versions) >= _REMEMBERED:
            self._os_versions.clear()
        self._os_versions.add(version)
        return True


def _members(question: _Question) -> int:
    """Return how many different members the question's objects have.

    A JSON text has a colon for each member, and more only inside of texts: one that has as many colons as different
    members came out of it has no member twice.
    """
    footprint, platform = question.footprint, question.platform
    count = 2 + (question.to_version is not UNSET)
    if footprint is not UNSET:
        count += 1 + len(footprint)
    if platform is not UNSET:
        count += 1 + (platform.os is not UNSET) + (platform.os_version is not UNSET) + (platform.arch is not UNSET)
    return count


def _reads(index: risk.ProductIndex, version: str | None) -> bool:
    """Tell whether nothing is wrong with a version; one that is a release has been read before."""
    return version is None or version in index.places or not version_faults("", version, index.product.scheme)
