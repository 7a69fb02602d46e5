"""Where in a JSON text a decoder found the fault, as a JSON pointer (RFC 6901).

msgspec tells the place at the end of its message, `` - at `$.a[0].b` ``, and writes `[...]` for the member of
a mapping whichever it was; this module finds out which.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from storage.outcomes import Fault

_PLACE = re.compile(r"^(?P<sentence>.*) - at (?P<key>`key` in )?`\$(?P<path>[^`]*)`$", re.DOTALL)
_STEP = re.compile(r"\.(?P<name>[^.\[\]]+)|\[(?P<index>\d+)\]|(?P<member>\[\.\.\.\])")
_UNKNOWN = re.compile(r"^Object contains unknown field `(?P<name>.*)`$", re.DOTALL)

#: One step into a JSON value: a member's name or an index.
Step = str | int


def pointer(*steps: Step) -> str:
    """Return the JSON pointer that takes these steps."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in steps)


def fault_of(error: msgspec.ValidationError, value: object, wanted: object) -> Fault:
    """Return what is wrong with `value` (builtins, as decoded from JSON) where `wanted` was asked for."""
    message = str(error)
    place = _PLACE.match(message)
    sentence = place["sentence"] if place else message
    steps = _steps(place["path"] if place else "", value, wanted, message)
    if place and place["key"]:
        steps = (*steps, *_culprit(steps, value, wanted, message))
    unknown = _UNKNOWN.match(sentence)
    if unknown:
        return Fault(pointer(*steps, unknown["name"]), f"There is no field {unknown['name']!r} here.")
    return Fault(pointer(*steps), f"{sentence}.")


def _steps(path: str, value: object, wanted: object, message: str) -> tuple[Step, ...]:
    steps: tuple[Step, ...] = ()
    for step in _STEP.finditer(path):
        if step["member"]:
            steps = (*steps, *_culprit(steps, value, wanted, message))
        else:
            steps = (*steps, step["name"] or int(step["index"]))
    return steps


def _culprit(steps: tuple[Step, ...], value: object, wanted: object, message: str) -> tuple[Step, ...]:
    """Return the member of the mapping at `steps` that alone still causes `message`, () when none does."""
    holder = value
    for step in steps:
        holder = holder[step]  # type: ignore[index]
    if not isinstance(holder, dict):
        return ()
    return next(((key,) for key in holder if _fails(_with_only(value, steps, key), wanted, message)), ())


def _fails(value: object, wanted: object, message: str) -> bool:
    try:
        msgspec.convert(value, wanted)
    except msgspec.ValidationError as error:
        return str(error) == message
    return False


def _with_only(value: Any, steps: tuple[Step, ...], key: str) -> object:  # noqa: ANN401 - a JSON value has any type
    """Return `value` with the mapping at `steps` cut down to one member."""
    if not steps:
        return {key: value[key]}
    copy = value.copy()
    copy[steps[0]] = _with_only(value[steps[0]], steps[1:], key)
    return copy
