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

from . import audit, rules
from .defects import Defect
from .life import CLEARING, Act, step
from .narrowing import narrows
from .people import spelling

sql = Statements(__package__)


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

    `people` is what the vendor's rules say of acts that clear: 2, or 1 for a vendor of one.
    """
    return people if act in CLEARING or (act is Act.PUBLISH and _narrowing(defect, scheme)) else 1


def sign(
    tx: Tx, defect: Defect, act: Act, terms: Mapping[str, object], person: str, now: datetime, *, scheme: risk.Scheme
) -> Signed:
    """Give a person's word for an act; the same person's again changes nothing.

    Where enough people have, the caller does the act in the same transaction, which spends their words.
    Raises Conflict where the act is not legal, or where the defect has changed since it was read.
    """
    step(defect.state, act)
    _lock(tx, defect)
    people = _signed_by(tx, defect, act, terms)
    fresh = spelling(person) not in map(spelling, people)
    if fresh:
        people = (*people, person)
        _add(tx, defect, act, _text(terms), person, now)
    signed = Signed(act, defect.no, defect.latest, people, max(0, _needed_now(tx, defect, act, scheme) - len(people)))
    if fresh and not signed.done:
        audit.record(tx, person, f"sign {act}", defect.id, {"revision": defect.latest, **terms}, now)
    return signed


def spend(
    tx: Tx, defect: Defect, act: Act, terms: Mapping[str, object], now: datetime, *, scheme: risk.Scheme
) -> tuple[str, ...]:
    """Use up the words given for an act on these terms; return whose they were, in the order of signing.

    Raises Conflict where fewer people have signed this act, on these terms and this very state of the defect, than
    it takes.
    """
    people = _signed_by(tx, defect, act, terms)
    missing = _needed_now(tx, defect, act, scheme) - len(people)
    if missing > 0:
        words = "1 further person's word" if missing == 1 else f"{missing} further people's words"
        raise Conflict(f"The act {act} on {defect.id} still needs {words}.")
    tx.run(sql.spend_signatures, defect_no=defect.no, act=act.value, at=instant(now))
    return people


def lapse(tx: Tx, person: str, now: datetime) -> int:
    """Take back the words of somebody who may no longer decide, where they still wait; return how many."""
    theirs = [row["no"] for row in tx.all(sql.list_open_signatures) if spelling(row["person"]) == spelling(person)]
    for no in theirs:
        tx.run(sql.end_signature, no=no, at=instant(now))
    rules.lapse(tx, person, now)
    return len(theirs)


def outstanding(tx: Tx, defect: Defect) -> tuple[OpenSignature, ...]:
    """Return the signatures that still count and wait for another person's, oldest first."""
    return tuple(
        OpenSignature(Act(row["act"]), json.loads(row["terms"]), row["person"], row["signed_at"])
        for row in _rows(tx, defect)
    )


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


def _signed_by(tx: Tx, defect: Defect, act: Act, terms: Mapping[str, object]) -> tuple[str, ...]:
    """Return whose words for the act on these terms count, each person once."""
    text, people = _text(terms), dict[str, str]()
    for row in _rows(tx, defect):
        if row["act"] == act and row["terms"] == text:
            people.setdefault(spelling(row["person"]), row["person"])
    return tuple(people.values())


def _needed_now(tx: Tx, defect: Defect, act: Act, scheme: risk.Scheme) -> int:
    return needed(defect, act, scheme, rules.current(tx).signatures_needed)


def _text(terms: Mapping[str, object]) -> str:
    return json.dumps(terms, sort_keys=True, separators=(",", ":"))
