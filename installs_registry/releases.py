"""Releases, and every other version that an install was seen at."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast

import msgspec
from msgspec import UNSET, UnsetType

import risk
from installs_registry.faults import Faults
from installs_registry.known import KnownProduct
from installs_registry.plain_text import check_web_address, is_id
from installs_registry.types import ReleaseDeclaration, ReleaseView, Status
from risk import InvalidVersion, UnrankedVersion
from storage import Row, Statements, Tx, instant
from storage.outcomes import Conflict, Fault, Invalid, NotFound

sql = Statements(__package__)

#: More than a product can have releases.
_ALL = 2**62


class VersionRow(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A version that was registered as a release or seen on an install."""

    no: int
    text: str
    #: Its place in the order; None: a version of a `list` product whose place nobody has declared.
    sort_key: str | None
    #: None: not registered.
    status: Status | None
    #: Instant; None: not registered.
    offered_at: str | None


@dataclass(frozen=True, slots=True)
class ReleaseChange:
    """What registering a release has changed."""

    #: It was no release before.
    created: bool
    #: Anything at all.
    changed: bool
    #: The declared order of a `list` product, be it that this release was added to it.
    reranked: bool


def put(tx: Tx, product: KnownProduct, version: str, declaration: ReleaseDeclaration) -> ReleaseChange:
    """Register a release or change it.

    Raises Invalid, with all faults, and Conflict where an equal release is registered under another text. The
    caller holds the product's lock alone.
    """
    sort_key = _check(product, version, declaration)
    _refuse_twin(tx, product, version, sort_key)
    no = version_no(tx, product, version)
    known = _version(tx, product, version)
    new = {
        "status": declaration.status,
        "offered_at": instant(declaration.offered_at),
        "url": declaration.url,
    }
    reranked = product.scheme.name == "list" and _place(tx, product, version, declaration.after)
    changed = any(known[field] != value for field, value in new.items())
    if changed:
        tx.run(sql.update_release, no=no, **new)
    return ReleaseChange(created=known["status"] is None, changed=changed or reranked, reranked=reranked)


def view(tx: Tx, product: KnownProduct, version: str) -> ReleaseView:
    """Return a release as it is answered; raises NotFound."""
    row = tx.one(sql.find_release, product_no=product.no, text=version) if is_id(version) else None
    if row is None:
        raise NotFound("There is no such release.")
    return _view(row)


def of_product(tx: Tx, product_no: int, *, after: str | None = None, limit: int | None = None) -> list[ReleaseView]:
    """Return the releases in their order, up to `limit` of those behind the release `after`.

    Raises Invalid where there is no release `after`.
    """
    key = "" if after is None else _key_of(tx, product_no, after)
    rows = tx.all(sql.releases_in_order, product_no=product_no, after=key, limit=_ALL if limit is None else limit)
    return [_view(row) for row in rows]


def _key_of(tx: Tx, product_no: int, release: str) -> str:
    key = tx.value(sql.sort_key_of_release, product_no=product_no, text=release) if is_id(release) else None
    if key is None:
        raise Invalid.at("/after", "There is no such release to go on behind: ask for the list from its beginning.")
    return cast("str", key)


def _view(row: Row) -> ReleaseView:
    return ReleaseView(
        product=row["product"],
        version=row["text"],
        offered_at=row["offered_at"],
        url=row["url"],
        status=row["status"],
        after=row["previous"] if row["version_scheme"] == "list" else UNSET,
    )


def version_rows(tx: Tx, product_no: int) -> list[VersionRow]:
    """Return every version of the product that was ever registered or seen, in no particular order."""
    return tx.records(sql.version_rows, VersionRow, product_no=product_no)


def version_no(tx: Tx, product: KnownProduct, text: str) -> int:
    """Return our number of a version, new or known; raises Invalid at /version where it does not parse."""
    known = tx.value(sql.version_no, product_no=product.no, text=text) if is_id(text) else None
    if known is None:
        tx.run(sql.insert_version, product_no=product.no, text=text, sort_key=_sort_key(product, text))
        # Another transaction may have been first: its row serves as well.
        known = tx.value(sql.version_no, product_no=product.no, text=text)
    return cast("int", known)


def version_numbers(tx: Tx, product: KnownProduct, texts: Collection[str]) -> dict[str, int]:
    """Return our numbers of versions that parse, new or known."""
    known = _known_numbers(tx, product, texts)
    missing = sorted(set(texts) - known.keys())
    for text in missing:
        tx.run(sql.insert_version, product_no=product.no, text=text, sort_key=_sort_key(product, text))
    return known | _known_numbers(tx, product, missing)


def _known_numbers(tx: Tx, product: KnownProduct, texts: Collection[str]) -> dict[str, int]:
    if not texts:
        return {}
    listed = msgspec.json.encode(list(texts)).decode()
    return dict(tx.tuples(sql.version_numbers, product_no=product.no, texts=listed))


def check_version(product: KnownProduct, text: str) -> str | None:
    """Return the sort key of a version, None where its place is not declared; raises ValueError."""
    try:
        return product.scheme.sort_key(text)
    except UnrankedVersion:
        return None


def _sort_key(product: KnownProduct, text: str) -> str | None:
    try:
        return check_version(product, text)
    except InvalidVersion as error:
        raise Invalid(Fault("/version", str(error))) from None


def _check(product: KnownProduct, version: str, declaration: ReleaseDeclaration) -> str | None:
    faults = Faults()
    sort_key = faults.check("/version", lambda text: check_version(product, text), version)
    faults.check("/offered_at", check_moment, declaration.offered_at)
    if declaration.url is not None:
        faults.check("/url", check_web_address, declaration.url)
    if isinstance(declaration.after, str) and product.scheme.name != "list":
        faults.add("/after", "Only a product of scheme list says which release comes before; here versions do.")
    faults.refuse()
    return sort_key


def check_moment(moment: datetime) -> str:
    """Return the instant of `moment`; raises ValueError where it is outside the years 1 to 9999 in UTC."""
    try:
        return instant(moment)
    except OverflowError:
        raise ValueError("This moment is outside the years 1 to 9999 in UTC.") from None


def _refuse_twin(tx: Tx, product: KnownProduct, version: str, sort_key: str | None) -> None:
    if sort_key is None:
        return
    twin = tx.value(sql.find_equal_release, product_no=product.no, sort_key=sort_key, text=version)
    if twin is not None:
        raise Conflict(f"{version} is the same version as {twin}, which is registered already: use that text.")


def _version(tx: Tx, product: KnownProduct, text: str) -> Row:
    row = tx.one(sql.find_version, product_no=product.no, text=text)
    if row is None:
        raise LookupError(text)
    return row


def _place(tx: Tx, product: KnownProduct, version: str, after: str | UnsetType | None) -> bool:
    """Give a known version of a `list` product its place; return whether the order has changed."""
    before = [row["text"] for row in tx.all(sql.release_order, product_no=product.no)]
    if after is UNSET and version in before:
        return False
    order = _reordered(before, version, after)
    scheme = risk.scheme("list", order)
    places = {text: scheme.sort_key(text) for text in order}
    moved = [
        {"no": row.no, "sort_key": places[row.text]}
        for row in version_rows(tx, product.no)
        if row.text in places and row.sort_key != places[row.text]
    ]
    if moved:
        tx.many(sql.place_release, moved)
    return order != before


def _reordered(order: Sequence[str], version: str, after: str | UnsetType | None) -> list[str]:
    """Return the order with `version` right behind the release `after`, first where that is None."""
    rest = [text for text in order if text != version]
    if after == version:
        raise Invalid.at("/after", f"{version} cannot come after itself.")
    if after is None or (after is UNSET and not rest):
        return [version, *rest]
    if after is UNSET:
        raise Invalid.at("/after", "Say which release comes before this one; null makes it the first.")
    if after not in rest:
        raise Invalid.at("/after", f"There is no release {after} that it could come after.")
    place = rest.index(after) + 1
    return [*rest[:place], version, *rest[place:]]
