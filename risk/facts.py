"""Facts: what a product declares, which values they take, and what a condition may name."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from .versions import Scheme, scheme

#: A fact's value after `check_value`; versions travel as text, a set as its members sorted.
Value = int | float | bool | str | tuple[str, ...]
#: What is known of an install, by name: "notebooks", "platform.os", "install.first_version".
Facts = Mapping[str, Value]

#: Largest integer that JSON, JavaScript, SQLite and PostgreSQL's doubles all hold exactly.
MAX_INTEGER: Final = 2**53 - 1
#: Longest string, in characters.
MAX_STRING: Final = 4_000
#: Most members of a set.
MAX_MEMBERS: Final = 1_000


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


def check_fact_name(name: str) -> None:
    """Raise ValueError, with a sentence, for a name that no fact can have."""
    if not _NAME.fullmatch(name):
        raise ValueError("A fact's name has 1 to 63 characters: a-z first, then a-z, 0-9 or _.")
    if name in KEYWORDS:
        raise ValueError(f"{name} is a word of the condition language and cannot name a fact.")


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


def check_value(fact: Fact, value: object) -> Value:
    """Return the JSON value as it is kept; raises ValueError, a sentence, where it does not fit the fact."""
    match fact.type:
        case FactType.INTEGER:
            return _integer(fact.name, value)
        case FactType.NUMBER:
            return _number(fact.name, value)
        case FactType.BOOLEAN:
            if isinstance(value, bool):
                return value
            raise ValueError(f"{fact.name} is true or false.")
        case FactType.STRING:
            return _string(fact.name, value)
        case FactType.STRINGS:
            return _strings(fact.name, value)
        case FactType.VERSION:
            text = _string(fact.name, value)
            scheme(fact.scheme or "").sort_key(text)
            return text


def _integer(name: str, value: object) -> int:
    number = int(value) if isinstance(value, float) and value.is_integer() else value
    if isinstance(number, bool) or not isinstance(number, int) or abs(number) > MAX_INTEGER:
        raise ValueError(f"{name} is a whole number between -{MAX_INTEGER} and {MAX_INTEGER}.")
    return number


def _number(name: str, value: object) -> float:
    if isinstance(value, float) and math.isfinite(value):
        return value
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > MAX_INTEGER:
        raise ValueError(f"{name} is a finite number, whole ones between -{MAX_INTEGER} and {MAX_INTEGER}.")
    return float(value)


def _string(name: str, value: object) -> str:
    if not isinstance(value, str) or len(value) > MAX_STRING or UNSTORABLE.search(value):
        raise ValueError(f"{name} is a text of at most {MAX_STRING} characters, without U+0000 or lone surrogates.")
    return value


def _strings(name: str, value: object) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or len(value) > MAX_MEMBERS:
        raise ValueError(f"{name} is a list of at most {MAX_MEMBERS} texts.")
    return tuple(sorted({_string(name, member) for member in value}))


#: Words that the condition language keeps for itself.
KEYWORDS: Final = frozenset({"true", "false", "in"})
_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,62}")
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
