"""The life of a notice, and of each delivery that pays it: the states, and what leads from one to another.

`python -m notifier.states` prints docs/notice-states.md.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class NoticeKind(StrEnum):
    """Why a recipient hears from us."""

    WARNING = "warning"
    RECOVERY = "recovery"
    CORRECTION = "correction"
    ALL_CLEAR = "all_clear"


class NoticeState(StrEnum):
    """How far the paying of a debt has come; a delivery uses the same states."""

    PENDING = "PENDING"
    SENDING = "SENDING"
    SENT = "SENT"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"
    IN_DOUBT = "IN_DOUBT"


PROSE: Final[Mapping[NoticeState, str]] = MappingProxyType(
    {
        NoticeState.PENDING: "owed, and waiting for its turn or for the next try",
        NoticeState.SENDING: "a worker holds the lease and is at it",
        NoticeState.SENT: "accepted by the recipient's server, or shown in the app",
        NoticeState.FAILED: "every channel refused it for good",
        NoticeState.CANCELLED: "flipped back before it went",
        NoticeState.IN_DOUBT: "the last byte went out and no answer came; the recipient may have it",
    }
)

#: The legal changes and what makes them; each is written `WHERE state = the old one`.
TRANSITIONS: Final[Mapping[tuple[NoticeState, NoticeState], str]] = MappingProxyType(
    {
        (NoticeState.PENDING, NoticeState.SENDING): "claimed",
        (NoticeState.PENDING, NoticeState.SENT): "shown in the app",
        (NoticeState.PENDING, NoticeState.CANCELLED): "no longer concerns them",
        (NoticeState.PENDING, NoticeState.IN_DOUBT): "a second sending is called off",
        (NoticeState.SENDING, NoticeState.SENT): "accepted",
        (NoticeState.SENDING, NoticeState.PENDING): "temporary error, lease run out, or put back",
        (NoticeState.SENDING, NoticeState.FAILED): "refused for good",
        (NoticeState.SENDING, NoticeState.CANCELLED): "no longer concerns them",
        (NoticeState.SENDING, NoticeState.IN_DOUBT): "no answer after the last byte",
        (NoticeState.SENT, NoticeState.PENDING): "came back, and is worth another try",
        (NoticeState.SENT, NoticeState.FAILED): "came back for good",
        (NoticeState.IN_DOUBT, NoticeState.PENDING): "came back, and is worth another try",
        (NoticeState.IN_DOUBT, NoticeState.FAILED): "came back for good",
    }
)


def require_legal(before: NoticeState, after: NoticeState) -> None:
    """Raise ValueError for a change that the table does not know."""
    if (before, after) not in TRANSITIONS:
        raise ValueError(f"nothing leads from {before} to {after}")


def page() -> str:
    """Return docs/notice-states.md."""
    arrows = [f"    {before} --> {after}: {why}" for (before, after), why in TRANSITIONS.items()]
    leading = {before for before, _ in TRANSITIONS}
    ends = [f"    {state} --> [*]" for state in NoticeState if state not in leading]
    return "\n".join(
        [
            "# The states of a notice",
            "",
            "Made by `python -m notifier.states`; a test holds it in step with the code.",
            "A delivery has the same states; a notice has the best of its deliveries'.",
            "",
            "```mermaid",
            "stateDiagram-v2",
            "    [*] --> PENDING: owed",
            *arrows,
            *ends,
            "```",
            "",
            "| state | means |",
            "|---|---|",
            *(f"| {state} | {PROSE[state]} |" for state in NoticeState),
            "",
        ]
    )


if __name__ == "__main__":
    sys.stdout.write(page())
