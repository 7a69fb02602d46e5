"""What was decided about a defect, by whom and why, in sentences."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from console.words import Reader
from feeds.audit import Entry
from feeds.life import Act

_DID: Final[Mapping[str, str]] = {
    "file": "filed it",
    Act.REVISE: "wrote revision {revision}",
    Act.PUBLISH: "published revision {revision}",
    Act.DISCARD: "discarded what was proposed",
    Act.RESOLVE: "resolved it: fixed in {fixed_in}",
    Act.WITHDRAW: "withdrew it",
    Act.REOPEN: "reopened it",
    Act.OBJECT: "objected, until {until}",
    Act.PAUSE: "paused the sending, until {until}",
    Act.RESUME: "let the sending go on",
    "escalate": "told the approvers that nobody has decided",
    "ask about release": "asked the approvers whether {release} carries it still",
    "publish refused": "could not publish it by itself",
    f"sign {Act.PUBLISH}": "signed for the publishing of revision {revision}",
    f"sign {Act.RESOLVE}": "signed for resolving it: fixed in {fixed_in}",
    f"sign {Act.WITHDRAW}": "signed for withdrawing it",
    f"sign {Act.RESUME}": "signed for going on with the sending",
}


@dataclass(frozen=True, slots=True)
class Event:
    """One line of a defect's history."""

    #: An instant.
    at: str
    person: str
    did: str
    #: Why; None where no reason was asked for.
    reason: str | None
    #: Those who signed the same before.
    together_with: tuple[str, ...]


def events(entries: tuple[Entry, ...], reader: Reader) -> list[Event]:
    """Return the history, newest first."""
    return [_event(entry, reader) for entry in reversed(entries)]


def _event(entry: Entry, reader: Reader) -> Event:
    detail: dict[str, Any] = dict(entry.detail)
    if "until" in detail:
        detail["until"] = reader.when(detail["until"])
    return Event(
        at=entry.at,
        person=entry.person,
        did=_said(entry.act, detail),
        reason=detail.get("reason"),
        together_with=tuple(each for each in detail.get("signed_by", ()) if each != entry.person),
    )


def _said(act: str, detail: Mapping[str, Any]) -> str:
    try:
        return _DID[act].format_map(detail)
    except KeyError:
        # A row of a later or an earlier program: its own word is better than none.
        return act
