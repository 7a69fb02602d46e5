"""Warn fast, clear slowly: the acts that take two people, and whose word is already given.

A signature belongs to a person and to exactly what the person saw: the act and its terms, the defect's latest
revision and its generation. Where one of these has changed since, it no longer counts.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import risk
from storage import Statements, Tx, instant
from storage.outcomes import Conflict

from . import audit
from .defects import Defect
from .life import Act, step
from .narrowing import narrows

sql = Statements(__package__)

#: The acts that can leave somebody unwarned, whatever their terms.
_CLEARING = frozenset({Act.RESOLVE, Act.WITHDRAW, Act.RESUME})


@dataclass(frozen=True, slots=True)
class Signed:
    """How far an act has come: done, or waiting for more people."""

    act: Act
    defect_no: int
    #: The defect's latest revision when it was signed.
    revision: int
    #: In the order of signing.
    signed_by: tuple[str, ...]
    #: How many further people must sign the same.
    needs: int

    @property
    def done(self) -> bool:
        """Whether enough people have signed."""
        return self.needs == 0

    @property
    def person(self) -> str:
        """Who signed last."""
        return self.signed_by[-1]


@dataclass(frozen=True, slots=True)
class OpenSignature:
    """A person's word for an act that still waits for another's."""

    act: Act
    #: What exactly was signed: fixed_in, reason.
    terms: Mapping[str, object]
    person: str
    #: RFC 3339, UTC.
    signed_at: str


def needed(defect: Defect, act: Act, scheme: risk.Scheme, people: int) -> int:
    """Return how many different people the act takes.

    `people` is what the vendor has set for acts that clear: 2, or 1 for a vendor of one.
    """
    return people if act in _CLEARING or (act is Act.PUBLISH and _narrowing(defect, scheme)) else 1


def sign(
    tx: Tx, defect: Defect, act: Act, terms: Mapping[str, object], person: str, now: datetime, *, needed: int
) -> Signed:
    """Give a person's word for an act; the same person's again changes nothing.

    Where enough people have, the signatures are spent; the caller then does the act in the same transaction.
    Raises Conflict where the act is not legal, or where the defect has changed since it was read.
    """
    step(defect.state, act)
    _lock(tx, defect)
    text = json.dumps(terms, sort_keys=True, separators=(",", ":"))
    people = tuple(row["person"] for row in _rows(tx, defect) if row["act"] == act and row["terms"] == text)
    fresh = _name(person) not in map(_name, people)
    if fresh:
        people = (*people, person)
        _add(tx, defect, act, text, person, now)
    signed = Signed(act, defect.no, defect.latest, people, max(0, needed - len(people)))
    if signed.done:
        tx.run(sql.spend_signatures, defect_no=defect.no, act=act.value, at=instant(now))
    elif fresh:
        audit.record(tx, person, f"sign {act}", defect.id, {"revision": defect.latest, **terms}, now)
    return signed


def outstanding(tx: Tx, defect: Defect) -> tuple[OpenSignature, ...]:
    """Return the signatures that still count and wait for another person's, oldest first."""
    return tuple(
        OpenSignature(Act(row["act"]), json.loads(row["terms"]), row["person"], row["signed_at"])
        for row in _rows(tx, defect)
    )


def require(signed: Signed, defect: Defect, act: Act) -> None:
    """Raise Conflict unless the act on this very state of the defect has been signed by enough people."""
    if (signed.act, signed.defect_no, signed.revision) != (act, defect.no, defect.latest):
        raise Conflict(f"What was signed is not this act on revision {defect.latest} of {defect.id}.")
    if not signed.done:
        raise Conflict(f"The act {act} on {defect.id} still needs {signed.needs} further person's word.")


def _narrowing(defect: Defect, scheme: risk.Scheme) -> bool:
    live, proposed = defect.live_revision, defect.proposed_revision
    return live is not None and proposed is not None and narrows(live, proposed, scheme)


def _lock(tx: Tx, defect: Defect) -> None:
    row = tx.one(sql.lock_defect, no=defect.no)
    seen = {"state": defect.state.value, "latest": defect.latest, "generation": defect.generation}
    if row != seen:
        raise Conflict(f"{defect.id} has changed meanwhile; look at it again.")


def _rows(tx: Tx, defect: Defect) -> list[dict[str, str]]:
    return tx.all(sql.list_signatures, defect_no=defect.no, revision=defect.latest, generation=defect.generation)


def _add(tx: Tx, defect: Defect, act: Act, terms: str, person: str, now: datetime) -> None:
    tx.run(
        sql.add_signature,
        defect_no=defect.no,
        act=act.value,
        revision=defect.latest,
        generation=defect.generation,
        terms=terms,
        person=person,
        at=instant(now),
    )


def _name(person: str) -> str:
    """Return what makes two spellings one person: `Ann` and `ann ` shall not be two."""
    return " ".join(person.split()).casefold()
