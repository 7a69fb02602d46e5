"""`forewarn doctor`: what the database is, and whether it is sound."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import takewhile

from commands.keeping import mail_hold
from commands.options import ANYWHERE, Json, Where
from commands.printing import print_json, print_table
from feeds import audit
from storage import Database, Tx

#: What a fact of the database has to be for nothing acknowledged to be lost.
_WANTED = {"journal_mode": "wal", "synchronous": "full", "fsync": "on", "full_page_writes": "on"}
_MARKS = {None: "", True: "ok", False: "WRONG"}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    what: str
    found: str
    #: None: neither good nor bad.
    good: bool | None = None


def doctor(*, json: Json = False, where: Where = ANYWHERE) -> int:
    """Look the database and the audit over; exits with 1 where something is wrong."""
    findings = where.run(examine)
    if json:
        print_json(findings)
    else:
        print_table(("", "found", ""), ((each.what, each.found, _MARKS[each.good]) for each in findings))
    return int(any(each.good is False for each in findings))


async def examine(database: Database) -> list[Finding]:
    """Return what there is to tell about a database."""
    facts = await database.facts()
    contents = await database.read(_contents)
    return [Finding("database", database.dialect), *(_fact(name, facts) for name in facts), *contents]


def _fact(name: str, facts: Mapping[str, str | int]) -> Finding:
    found = str(facts[name])
    if name in _WANTED:
        return Finding(name, found, found == _WANTED[name])
    if name == "library" and "library_oldest" in facts:
        return Finding(name, found, _numbers(found) >= _numbers(str(facts["library_oldest"])))
    if name == "synchronous_commit":
        return Finding(name, found, found != "off")
    if name == "integrity" and "library_oldest" in facts:
        return Finding(name, found, found == "ok")
    return Finding(name, found)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in takewhile(str.isdecimal, version.split(".")))


def _contents(tx: Tx) -> list[Finding]:
    broken = audit.verify(tx)
    hold = mail_hold(tx)
    return [
        Finding("audit", "whole" if broken is None else f"row {broken.no}: {broken.why}", broken is None),
        Finding("mail", "leaves" if hold is None else f"held since {hold.since}: {hold.reason}"),
    ]
