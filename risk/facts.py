"""Facts: what a product declares, which values they take, and what a condition may name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from .versions import Scheme, scheme

#: A fact's value as it is kept: each of a `number` a float, a version its text, a set its members sorted.
Value = int | float | bool | str | tuple[str, ...]
#: What is known of an install, by name: "notebooks", "platform.os", "install.first_version".
Facts = Mapping[str, Value]

#: Largest integer that JSON, JavaScript, SQLite and PostgreSQL's doubles all hold exactly.
MAX_INTEGER: Final = 2**53 - 1


class FactType(StrEnum):
    """What kind of value a fact has; `strings` is a set."""

    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    STRING = "string"
    STRINGS = "strings"
    VERSION = "version"


@dataclass(frozen=True, slots=True)
class Fact:
    """One declared fact; raises ValueError where the version scheme does not fit the type."""

    name: str
    type: FactType
    #: of a `version` fact and of no other; not `list`, whose order belongs to a product
    scheme: str | None = None
    unit: str | None = None
    description: str | None = None

    def __post_init__(self) -> None:
        if (self.type is FactType.VERSION) != (self.scheme is not None):
            raise ValueError(f"{self.name}: a version fact has a scheme, and no other fact has one.")
        if self.scheme == "list":
            raise ValueError(f"{self.name}: a fact's scheme cannot be list, which is the order of a product.")
        if self.scheme is not None:
            scheme(self.scheme)


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What a condition may name, for one product."""

    facts: Mapping[str, Fact]
    #: the product's, in which install.first_version is read
    scheme: Scheme
    #: how errors call the product
    product: str = "this product"

    def names(self) -> list[str]:
        """Return every name, the declared facts first."""
        return [*self.facts, *_BUILT_IN]

    def type_of(self, name: str) -> FactType | None:
        """Return the type behind a name, or None where there is no such name."""
        fact = self.facts.get(name)
        return fact.type if fact else _BUILT_IN.get(name)

    def scheme_of(self, name: str) -> Scheme:
        """Return the scheme of a name whose type is version; raises LookupError for any other."""
        if name == "install.first_version":
            return self.scheme
        declared = "intdot" if name == "platform.os_version" else self.facts[name].scheme
        if declared is None:
            raise LookupError(name)
        return scheme(declared)


#: What the databases cannot hold: U+0000 and lone surrogates.
UNSTORABLE: Final = re.compile("[\x00\ud800-\udfff]")
_BUILT_IN: Final[Mapping[str, FactType]] = MappingProxyType(
    {
        "platform.os": FactType.STRING,
        "platform.os_version": FactType.VERSION,
        "platform.arch": FactType.STRING,
        "install.first_version": FactType.VERSION,
    }
)
