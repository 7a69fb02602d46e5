"""Collecting all that is wrong with an input before refusing it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from storage.outcomes import Fault, Invalid

V = TypeVar("V")
T = TypeVar("T")


def member(at: str, name: str) -> str:
    """Return the JSON pointer (RFC 6901) to the member `name` of what is at `at`."""
    return f"{at}/{name.replace('~', '~0').replace('/', '~1')}"


class Faults:
    """What is wrong with one input, in the order in which it was found."""

    def __init__(self) -> None:
        self.found: list[Fault] = []

    def add(self, at: str, detail: str) -> None:
        """Note what is wrong at the pointer `at`."""
        self.found.append(Fault(at, detail))

    def check(self, at: str, check: Callable[[V], T], value: V) -> T | None:
        """Return what `check` makes of `value`; None, and a fault, where it raises ValueError."""
        try:
            return check(value)
        except ValueError as error:
            self.add(at, str(error))
            return None

    def refuse(self) -> None:
        """Raise Invalid if anything was wrong."""
        if self.found:
            raise Invalid(*self.found)
