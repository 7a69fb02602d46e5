"""The life of a defect: its states, the acts upon it, and which act is legal where.

`python -m feeds.life` prints docs/defect-states.md.
"""

from __future__ import annotations

import sys
from enum import StrEnum
from types import MappingProxyType
from typing import Final, Self

from storage.outcomes import Conflict


class _Described(StrEnum):
    """A word with a line of prose."""

    prose: str

    def __new__(cls, word: str, prose: str = "") -> Self:
        member = str.__new__(cls, word)
        member._value_ = word
        member.prose = prose
        return member


class State(_Described):
    """Where a defect stands."""

    DRAFT = "draft", "filed and open to revision; nobody has been told"
    PUBLISHED = "published", "live: upgrade checks count it, and those it concerns are warned"
    RESOLVED = (
        "resolved",
        "a release without it is out; upgrades to the affected versions are still judged by it",
    )
    WITHDRAWN = "withdrawn", "taken back: it was wrong; nothing is judged by it any more"
    DISCARDED = "discarded", "a draft that was never published and never will be"


class Act(_Described):
    """What people do to a defect."""

    REVISE = "revise", "changes the draft, or proposes a revision beside the live one"
    PUBLISH = "publish", "makes the draft, or the proposed revision, the live one"
    DISCARD = "discard", "drops the draft, or the proposed revision of a published defect"
    RESOLVE = "resolve", "names the release that no longer has it"
    WITHDRAW = "withdraw", "takes it back, with the reason"
    REOPEN = "reopen", "says that the release named did not resolve it after all"
    OBJECT = "object", "puts a name and a reason against it; this stops nothing"
    PAUSE = "pause", "holds back what is unsent, until a time that was named"
    RESUME = "resume", "goes on before that time"


#: The acts that can leave somebody unwarned, whatever their terms: they take two people.
CLEARING: Final = frozenset({Act.RESOLVE, Act.WITHDRAW, Act.RESUME})

#: The legal acts: (state, act) → the state after it.
TRANSITIONS: Final = MappingProxyType(
    {
        (State.DRAFT, Act.REVISE): State.DRAFT,
        (State.DRAFT, Act.PUBLISH): State.PUBLISHED,
        (State.DRAFT, Act.DISCARD): State.DISCARDED,
        (State.DRAFT, Act.OBJECT): State.DRAFT,
        (State.PUBLISHED, Act.REVISE): State.PUBLISHED,
        (State.PUBLISHED, Act.PUBLISH): State.PUBLISHED,
        (State.PUBLISHED, Act.DISCARD): State.PUBLISHED,
        (State.PUBLISHED, Act.OBJECT): State.PUBLISHED,
        (State.PUBLISHED, Act.PAUSE): State.PUBLISHED,
        (State.PUBLISHED, Act.RESUME): State.PUBLISHED,
        (State.PUBLISHED, Act.RESOLVE): State.RESOLVED,
        (State.PUBLISHED, Act.WITHDRAW): State.WITHDRAWN,
        (State.RESOLVED, Act.REOPEN): State.PUBLISHED,
        (State.RESOLVED, Act.PAUSE): State.RESOLVED,
        (State.RESOLVED, Act.RESUME): State.RESOLVED,
        (State.WITHDRAWN, Act.PAUSE): State.WITHDRAWN,
        (State.WITHDRAWN, Act.RESUME): State.WITHDRAWN,
    }
)


_BESIDE: Final = """\
Two people are two different persons, whatever keys they use, who sign the same act on the same terms and the
same revision; where one of these has changed since, a word counts no longer. A vendor of one person may set
that one is enough ([why a warning cannot be vetoed silently](why-a-warning-cannot-be-vetoed.md)).

A pause runs out by itself. It lasts as long as the rules say at most; a warning of lost or damaged data is
paused for so long in its whole life, all pauses together. A data-loss draft that nobody publishes or discards
is told to the approvers once, and publishes itself some hours later where the vendor has switched that on."""


def step(state: State, act: Act) -> State:
    """Return the state after an act; raise Conflict where the act is not legal."""
    after = TRANSITIONS.get((state, act))
    if after is None:
        message = f"A defect that is {state} cannot take the act {act!s}; it can take {_choices(state)}."
        raise Conflict(message)
    return after


def diagram() -> str:
    """Return the states and the acts between them as a Mermaid diagram."""
    arrows = [f"    {before} --> {after}: {act}" for (before, act), after in TRANSITIONS.items() if before != after]
    ends = [f"    {state} --> [*]" for state in State if not _leads_on(state)]
    return "\n".join(["stateDiagram-v2", "    [*] --> draft: file", *arrows, *ends])


def page() -> str:
    """Return docs/defect-states.md."""
    return "\n".join(
        [
            "# The states of a defect",
            "",
            "Made by `python -m feeds.life`; a test holds it in step with the code.",
            "",
            "```mermaid",
            diagram(),
            "```",
            "",
            "| state | means | acts that it can take |",
            "|---|---|---|",
            *(f"| {state} | {state.prose} | {_choices(state)} |" for state in State),
            "",
            "| act | does | takes |",
            "|---|---|---|",
            *(f"| {act} | {act.prose} | {_people(act)} |" for act in Act),
            "",
            _BESIDE,
            "",
        ]
    )


def _people(act: Act) -> str:
    if act is Act.PUBLISH:
        return "one person; two where it tells fewer people"
    return "two people" if act in CLEARING else "one person"


def _choices(state: State) -> str:
    return ", ".join(act for before, act in TRANSITIONS if before is state) or "none"


def _leads_on(state: State) -> bool:
    return any(before is state and after is not state for (before, _), after in TRANSITIONS.items())


if __name__ == "__main__":
    sys.stdout.write(page())
