"""Installs: what is known of one."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from msgspec import Struct

from installs_registry import footprints, products
from installs_registry.installed import Installed, as_json
from installs_registry.known import KnownProduct
from installs_registry.plain_text import is_id
from installs_registry.tokens import opens
from installs_registry.types import InstallView, PlatformView
from risk import Value
from storage import Row, Statements, Tx
from storage.outcomes import NotFound

sql = Statements(__package__)

_PLATFORM = ("os", "os_version", "arch")


class InstallState(Struct, frozen=True):
    """What the rules judge an install by."""

    install_no: int
    #: The customer's number, or minus the install's own.
    recipient: int
    version: str
    version_no: int
    #: Known values by name: the declared facts, platform.… and install.first_version.
    facts: Mapping[str, Value]
    #: Every version it has had, in the order in which it had them first.
    history: tuple[str, ...]


def state(tx: Tx, product: KnownProduct, install_no: int) -> InstallState:
    """Return what the rules judge an install by; raises NotFound."""
    row = tx.one(sql.find_install_by_no, no=install_no)
    if row is None:
        raise NotFound("There is no such install.")
    return InstallState(
        install_no=row["no"],
        recipient=row["recipient"],
        version=row["version"],
        version_no=row["version_no"],
        facts={**footprints.read(tx, product, row["no"], row["version_no"]), **_built_in(row, row["first_version"])},
        history=histories(tx, [install_no])[install_no],
    )


def histories(tx: Tx, install_nos: Collection[int]) -> dict[int, tuple[str, ...]]:
    """Return every version that each install has had, in the order in which it had them first."""
    found: dict[int, dict[str, None]] = {no: {} for no in install_nos}
    for no, version in tx.tuples(sql.versions_of_installs, numbers=as_json(install_nos)) if install_nos else ():
        found[no][version] = None
    return {no: tuple(versions) for no, versions in found.items()}


def view(tx: Tx, install: str, *, token: str | None, vendor: bool) -> InstallView:
    """Return an install as it is answered; raises NotFound, also for a client app without its token."""
    row = _own(tx.one(sql.find_install, id=install) if is_id(install) else None, token, vendor=vendor)
    return InstallView(
        install=row["id"],
        product=row["product"],
        version=row["version"],
        first_version=row["first_version"],
        customer=row["customer"],
        platform=PlatformView(**{name: row[name] for name in _PLATFORM}),
        footprint=footprints.read(tx, products.find(tx, row["product"]), row["no"], row["version_no"]),
        acquired_through=row["acquired_through"],
        first_seen_at=row["first_seen_at"],
        last_seen_at=row["last_seen_at"],
    )


def view_of(product: KnownProduct, held: Installed) -> InstallView:
    """Return an install as it is answered, without looking anything up."""
    return InstallView(
        install=held.id,
        product=product.id,
        version=held.version,
        first_version=held.first_version,
        customer=held.customer,
        platform=PlatformView(os=held.os, os_version=held.os_version, arch=held.arch),
        footprint=dict(held.values),
        acquired_through=held.acquired_through,
        first_seen_at=held.first_seen_at,
        last_seen_at=held.last_seen_at,
    )


def _own(row: Row | None, token: str | None, *, vendor: bool) -> Row:
    """Return the install's row; raises NotFound alike where there is none and where it is not the asker's."""
    # Asked before it is looked whether there is an install, so that the one takes as long as the other.
    allowed = vendor or opens(row["token_hash"] if row else None, token)
    if row is None or not allowed:
        raise NotFound("There is no such install.")
    return row


def _built_in(columns: Mapping[str, Any], first_version: str) -> dict[str, Value]:
    platform = {f"platform.{name}": columns[name] for name in _PLATFORM if columns[name] is not None}
    return {**platform, "install.first_version": first_version}
