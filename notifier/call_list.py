"""Those who are exposed to a defect and whom nothing of ours reaches: somebody has to call them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import groupby
from typing import Annotated, Final

from msgspec import Meta, Struct

from feeds import store as defects
from installs_registry import preferences
from installs_registry.installed import as_json
from risk import Severity
from storage import Row, Statements, Tx, instant

sql = Statements(__package__, "care.sql")

#: An app that has not been seen for so long is not counted on to show anything.
SEEN_WITHIN: Final = timedelta(days=30)
#: Recipients that are looked at together.
_PAGE: Final = 500
#: Below every recipient.
BEGINNING: Final = -(2**62)

_HOPELESS: Final = frozenset({"FAILED"})


class Why(StrEnum):
    """Why a recipient cannot be told."""

    #: No mail address, no webhook, and no app.
    NO_ADDRESS = "no_address"
    #: They chose to hear nothing of this gravity, where they could be reached.
    CHOSE_SO = "chose_so"
    #: What was sent was refused for good, and nothing is left to try.
    REFUSED = "refused"
    #: Their mail server has refused that address before: nothing is sent there for a while.
    LEFT_ALONE = "left_alone"
    #: There is only the app, and it has not been seen for a month.
    NOT_SEEN = "not_seen"


class ListedInstall(Struct, frozen=True):
    """An install of somebody to call."""

    install: str
    version: str
    exposure: str
    last_seen_at: str


class Entry(Struct, frozen=True, kw_only=True):
    """Somebody to call."""

    #: Null: nobody is known to hold the install.
    customer: str | None
    name: str | None
    email: str | None
    partner: Annotated[str | None, Meta(description="the sales channel they bought through, who may know more")]
    locale: str | None
    time_zone: str | None
    why: list[Why]
    installs: list[ListedInstall]


class CallCounts(Struct, frozen=True, kw_only=True):
    """How many cannot be told; one recipient may have several reasons."""

    recipients: int
    installs: int
    why: dict[Why, int]


#: Reads entries behind a recipient's number, as many as the second argument says, each with its own number.
Read = Callable[[int, int], Awaitable[list[tuple[int, Entry]]]]

#: The columns of the list as a table, one line per install.
HEADINGS: Final = (
    "customer",
    "name",
    "email",
    "partner",
    "locale",
    "time_zone",
    "why",
    "install",
    "version",
    "exposure",
    "last_seen_at",
)


def cells(entry: Entry) -> list[tuple[str | None, ...]]:
    """Return an entry as lines of the table, one per install."""
    who = (entry.customer, entry.name, entry.email, entry.partner, entry.locale, entry.time_zone, " ".join(entry.why))
    return [(*who, each.install, each.version, each.exposure, each.last_seen_at) for each in entry.installs]


def page(tx: Tx, defect_id: str, *, after: int, limit: int, now: datetime) -> list[tuple[int, Entry]]:
    """Return those to call behind a recipient's number, each with its own; raises NotFound."""
    found: list[tuple[int, Entry]] = []
    for each in _all(tx, defect_id, after, now):
        found.append(each)
        if len(found) == limit:
            break
    return found


def counts(tx: Tx, defect_id: str, now: datetime) -> CallCounts:
    """Count those to call; raises NotFound."""
    recipients = installs = 0
    why: Counter[Why] = Counter(dict.fromkeys(Why, 0))
    for _, entry in _all(tx, defect_id, BEGINNING, now):
        recipients += 1
        installs += len(entry.installs)
        why.update(entry.why)
    return CallCounts(recipients=recipients, installs=installs, why=dict(why))


def _all(tx: Tx, defect_id: str, low: int, now: datetime) -> Iterator[tuple[int, Entry]]:
    defect = defects.find(tx, defect_id)
    severity, seen_since = defect.report.severity, instant(now - SEEN_WITHIN)
    untold = [recipient for (recipient,) in tx.tuples(sql.untold, defect_no=defect.no, low=low)]
    for start in range(0, len(untold), _PAGE):
        those = untold[start : start + _PAGE]
        span = {"defect_no": defect.no, "low": those[0] - 1, "high": those[-1]}
        tried = _by_recipient(tx.all(sql.tried_of_span, **span))
        which = {"product_no": defect.product_no, "defect_no": defect.no, "recipients": as_json(those)}
        for recipient, rows in groupby(tx.all(sql.exposed_of, now=instant(now), **which), key=_recipient):
            entry = _entry(list(rows), tried.get(recipient, ()), severity, seen_since)
            if entry is not None:
                yield recipient, entry


def _recipient(row: Row) -> int:
    return int(row["recipient"])


def _by_recipient(rows: Iterable[Row]) -> Mapping[int, Sequence[Row]]:
    return {recipient: list(group) for recipient, group in groupby(rows, key=_recipient)}


def _entry(rows: Sequence[Row], tried: Sequence[Row], severity: Severity, seen_since: str) -> Entry | None:
    """Return the entry of one recipient whom nothing has reached, None where something may."""
    why = _why(rows, tried, severity, seen_since)
    if not why:
        return None
    first = rows[0]
    installs = [ListedInstall(row["install"], row["version"], row["exposure"], row["last_seen_at"]) for row in rows]
    return Entry(
        customer=first["customer"],
        name=first["name"],
        email=first["email"],
        partner=first["partner"],
        locale=first["locale"],
        time_zone=first["time_zone"],
        why=why,
        installs=installs,
    )


def _why(rows: Sequence[Row], tried: Sequence[Row], severity: Severity, seen_since: str) -> list[Why]:
    """Return all reasons, none where a way is left."""
    first, given_up = rows[0], {row["channel"] for row in tried if row["state"] in _HOPELESS}
    why = set()
    for channel, address in (("email", first["email"]), ("webhook", first["webhook"])):
        if address is None:
            continue
        if not preferences.wants(first[f"{channel}_floor"], severity):
            why.add(Why.CHOSE_SO)
        elif channel == "email" and first["is_left_alone"]:
            why.add(Why.LEFT_ALONE)
        elif channel in given_up:
            why.add(Why.REFUSED)
        else:
            return []
    if any(row["has_app"] and row["last_seen_at"] >= seen_since for row in rows):
        return []
    if any(row["has_app"] for row in rows):
        why.add(Why.NOT_SEEN)
    return sorted(why) or [Why.NO_ADDRESS]
