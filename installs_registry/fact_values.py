"""A fact's name and value as they come in, held against what a fact can have."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

import risk
from risk import Fact, FactType, Value
from risk.facts import MAX_INTEGER, UNSTORABLE

#: Longest string, in characters.
MAX_STRING: Final = 4_000
#: Most members of a set.
MAX_MEMBERS: Final = 1_000
#: Words that the condition language keeps for itself.
KEYWORDS: Final = frozenset({"true", "false", "in"})
_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,62}")


def check_fact_name(name: str) -> None:
    """Raise ValueError, with a sentence, for a name that no fact can have."""
    if not _NAME.fullmatch(name):
        raise ValueError("A fact's name has 1 to 63 characters: a-z first, then a-z, 0-9 or _.")
    if name in KEYWORDS:
        raise ValueError(f"{name} is a word of the condition language and cannot name a fact.")


def check_value(fact: Fact, value: object) -> Value:
    """Return the JSON value as it is kept; raises ValueError, a sentence, where it does not fit the fact."""
    if fact.type is FactType.VERSION:
        text = _string(fact.name, value)
        risk.scheme(fact.scheme or "").sort_key(text)
        return text
    return _CHECKS[fact.type](fact.name, value)


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


def _boolean(name: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"{name} is true or false.")  # noqa: TRY004 ValueErrors are what callers tell people
    return value


def _string(name: str, value: object) -> str:
    if not isinstance(value, str) or len(value) > MAX_STRING or UNSTORABLE.search(value):
        raise ValueError(f"{name} is a text of at most {MAX_STRING} characters, without U+0000 or lone surrogates.")
    return value


def _strings(name: str, value: object) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or len(value) > MAX_MEMBERS:
        raise ValueError(f"{name} is a list of at most {MAX_MEMBERS} texts.")
    return tuple(sorted({_string(name, member) for member in value}))


_CHECKS: Final[Mapping[FactType, Callable[[str, object], Value]]] = MappingProxyType(
    {
        FactType.INTEGER: _integer,
        FactType.NUMBER: _number,
        FactType.BOOLEAN: _boolean,
        FactType.STRING: _string,
        FactType.STRINGS: _strings,
    }
)
