"""JSON as strict as RFC 8259 and I-JSON (RFC 7493) together, decoded straight into our types.

msgspec does the work in one pass; a second look, only where the text could hide one, refuses what it lets by:
duplicate keys, U+0000, great depth.
"""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn, TypeVar

import msgspec

from api.pointers import Step, fault_of, pointer
from api.problems import Kind, Problem
from storage.outcomes import Fault, Invalid

T = TypeVar("T")

#: Levels of nesting that a text may have.
DEPTH = 64

#: The strings of a JSON text without escapes; those that a colon follows are keys.
_STRINGS = re.compile(rb'"([^"]*)"(\s*:)?')
_TOO_DEEP = f"The JSON text is nested more than {DEPTH} levels deep."


class _Members(list[tuple[str, Any]]):
    """An object as it was written: its members in order, duplicates included."""


def decode(text: bytes, wanted: type[T]) -> T:
    """Return the value of the type `wanted` that `text` stands for.

    Raises Problem (400) when it is no JSON text, Invalid (422) when it is one of another shape.
    """
    try:
        value = msgspec.json.decode(text, type=wanted)
    except msgspec.ValidationError as error:
        raise Invalid(fault_of(error, strict(text), wanted)) from None
    except msgspec.DecodeError as error:
        raise Problem(Kind.MALFORMED, f"The body is not a JSON text: {error}.") from None
    except UnicodeDecodeError:
        raise Problem(Kind.MALFORMED, "The body is not UTF-8.") from None
    except RecursionError:
        raise Problem(Kind.MALFORMED, _TOO_DEEP) from None
    if may_hide_something(text):
        strict(text)
    return value


def strict(text: bytes) -> object:
    """Return the plain value of a JSON text, refusing what decoders let by. Raises as `decode` does."""
    try:
        written = json.loads(text.decode(), object_pairs_hook=_Members, parse_constant=_no_constant)
    except RecursionError:
        raise Problem(Kind.MALFORMED, _TOO_DEEP) from None
    except ValueError as error:
        raise Problem(Kind.MALFORMED, f"The body is not a JSON text: {error}.") from None
    faults: list[Fault] = []
    value = _plain(written, (), faults)
    if faults:
        raise Invalid(*faults)
    return value


def may_hide_something(text: bytes) -> bool:
    """Say whether a text that decoded could still hide a duplicate key or a forbidden character.

    Only an escape can write U+0000 or spell one key in two ways, and where all keys of the text differ, none
    is twice in one object.
    """
    if b"\\" in text:
        return True
    keys = [found[1] for found in _STRINGS.finditer(text) if found[2]]
    return len(set(keys)) < len(keys)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")


def _plain(written: object, steps: tuple[Step, ...], faults: list[Fault]) -> object:
    if len(steps) > DEPTH:
        raise Problem(Kind.MALFORMED, _TOO_DEEP)
    if isinstance(written, _Members):
        return _object(written, steps, faults)
    if isinstance(written, list):
        return [_plain(item, (*steps, index), faults) for index, item in enumerate(written)]
    if isinstance(written, str):
        _check_text(written, steps, faults)
    return written


def _object(members: _Members, steps: tuple[Step, ...], faults: list[Fault]) -> dict[str, object]:
    plain: dict[str, object] = {}
    for name, value in members:
        _check_text(name, steps, faults)
        if name in plain:
            faults.append(Fault(pointer(*steps, name), f"The key {name!r} is there twice."))
        plain[name] = _plain(value, (*steps, name), faults)
    return plain


def _check_text(text: str, steps: tuple[Step, ...], faults: list[Fault]) -> None:
    if "\0" in text:
        faults.append(Fault(pointer(*steps), "U+0000 is not allowed in text."))
    elif any("\ud800" <= character <= "\udfff" for character in text):
        faults.append(Fault(pointer(*steps), "Half of a surrogate pair is not a character."))
