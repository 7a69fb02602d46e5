"""Values as a CSV file has them: text, read by the type of the declared fact."""

from __future__ import annotations

import re
from typing import Final

import msgspec

from installs_registry.fact_values import check_value
from risk import Fact, FactType, Value

_WHOLE: Final = re.compile(r"[+-]?[0-9]{1,17}")
_DECIMAL: Final = re.compile(r"[+-]?(?:[0-9]{1,40}(?:\.[0-9]{0,40})?|\.[0-9]{1,40})(?:[eE][+-]?[0-9]{1,3})?")
_TRUTH: Final = {"true": True, "1": True, "false": False, "0": False}


def from_text(fact: Fact, text: str) -> Value:
    """Return the value that a cell holds; raises ValueError with a sentence where it does not fit the fact.

    A set is a JSON list, or members with `;` between them.
    """
    return check_value(fact, _plain(fact, text))


def _plain(fact: Fact, text: str) -> object:
    bare = text.strip()
    if fact.type is FactType.INTEGER:
        return int(bare) if _WHOLE.fullmatch(bare) else text
    if fact.type is FactType.NUMBER:
        return float(bare) if _DECIMAL.fullmatch(bare) else text
    if fact.type is FactType.BOOLEAN:
        return _TRUTH.get(bare.lower(), text)
    if fact.type is FactType.STRINGS:
        return _members(bare)
    return text


def _members(text: str) -> object:
    if not text.startswith("["):
        return [member.strip() for member in text.split(";") if member.strip()]
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        raise ValueError("A set is a JSON list of texts, or texts with ; between them.") from None
