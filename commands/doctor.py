"""`forewarn doctor`: what the database is, and whether it is sound."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path
from typing import Annotated

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cyclopts import Parameter

from commands.dkim import looked_over
from commands.keeping import MailHold, kept_secret, mail_hold
from commands.lanes import how
from commands.options import ANYWHERE, Json, Where
from commands.printing import minute, print_json
from commands.tables import print_table
from feeds import audit
from feeds import heads as signed_heads
from feeds.audit import Broken
from notifier.delivery import lane_store
from storage import Database, SystemClock, Tx

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


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class Heads:
    """What is asked of the audit beyond whether it is whole."""

    audit: Annotated[bool, Parameter(negative="")] = field(
        default=False,
        metadata={"help": "Look at the audit alone: is it whole, and which row is the first that is not."},
    )
    export_head: Path | None = field(
        default=None, metadata={"help": "Write the audit's signed head to this new file, to be kept elsewhere."}
    )
    check_head: Path | None = field(
        default=None, metadata={"help": "Compare the audit with a signed head that was exported before."}
    )

    @property
    def wanted(self) -> bool:
        """Whether the audit alone is looked at."""
        return self.audit or self.export_head is not None or self.check_head is not None


NO_HEADS = Heads()


def doctor(*, heads: Heads = NO_HEADS, json: Json = False, where: Where = ANYWHERE) -> int:
    """Look the database and the audit over; exits with 1 where something is wrong."""
    findings = examine_audit(heads, where) if heads.wanted else _examine_all(where)
    if json:
        print_json(findings)
    else:
        print_table(("", "found", ""), ((each.what, each.found, _MARKS[each.good]) for each in findings))
    return int(any(each.good is False for each in findings))


def _examine_all(where: Where) -> list[Finding]:
    return [*where.run(examine), *(Finding(*each) for each in looked_over(where.settings()))]


async def examine(database: Database) -> list[Finding]:
    """Return what there is to tell about a database."""
    facts = await database.facts()
    contents = await database.read(_contents)
    return [Finding("database", database.dialect), *(_fact(name, facts) for name in facts), *contents]


def examine_audit(heads: Heads, where: Where) -> list[Finding]:
    """Return what there is to tell about the audit; raises Invalid or Conflict for a head that is none of ours."""
    findings = [_whole(where.read(audit.verify))]
    if heads.check_head is not None:
        head = signed_heads.read(heads.check_head.read_bytes())
        broken = where.read(signed_heads.compare, head, signed_heads.public_text(_signing_key(where)))
        same = f"the same up to row {head.no}, as signed at {head.at}"
        findings.append(Finding("head", same if broken is None else _said(broken), broken is None))
    if heads.export_head is not None:
        head = where.read(signed_heads.export, _signing_key(where), SystemClock().now())
        with heads.export_head.open("xb") as file:
            file.write(msgspec.json.format(msgspec.json.encode(head)) + b"\n")
        findings.append(Finding("head", f"row {head.no} signed with {head.key}, in {heads.export_head}"))
    return findings


def _signing_key(where: Where) -> Ed25519PrivateKey:
    secret = where.settings().secret or where.call(kept_secret, SystemClock().now())
    return signed_heads.signing_key(secret)


def _whole(broken: Broken | None) -> Finding:
    return Finding("audit", "whole" if broken is None else _said(broken), broken is None)


def _said(broken: Broken) -> str:
    return f"row {broken.no}: {broken.why}"


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


def _held(hold: MailHold) -> str:
    return f"held since {minute(hold.since)}: {hold.reason}; to let it go: forewarn mail release"


def _contents(tx: Tx) -> list[Finding]:
    hold = mail_hold(tx)
    return [
        _whole(audit.verify(tx)),
        Finding("mail", "leaves" if hold is None else _held(hold)),
        *(Finding(f"lane {each.lane}", how(each)) for each in lane_store.standings(tx)),
    ]
