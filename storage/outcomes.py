"""What a store answers when it cannot do what was asked: few kinds, each with a sentence for people.

Every layer above raises these; `api.problems` alone turns them into HTTP.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with the input."""

    #: JSON pointer (RFC 6901) to the place in the input, "" for the whole of it.
    at: str
    #: A sentence that names what was expected.
    detail: str


class Refusal(Exception):
    """The request cannot be carried out; nothing was stored."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class Invalid(Refusal):
    """The input is well-formed but wrong."""

    def __init__(self, *faults: Fault) -> None:
        super().__init__("; ".join(fault.detail for fault in faults))
        self.faults = faults

    @classmethod
    def at(cls, pointer: str, detail: str) -> Invalid:
        """Return the refusal of one place."""
        return cls(Fault(pointer, detail))


class NotFound(Refusal):
    """There is no such thing, or none that the asker may know of."""


class Conflict(Refusal):
    """The thing is in a state that does not allow this."""


class Forbidden(Refusal):
    """The asker's role does not allow this."""
