"""Notices: whom we owe what, and what the recipient did."""

from __future__ import annotations

from dataclasses import astuple
from typing import Any

from msgspec import UNSET, UnsetType

from api.asking import Answer, Ask
from api.keys import Role
from api.paging import number_of, numbered_page
from api.types import Choice, NoticesQuery, Witness
from installs_registry import installs
from notifier import notices
from notifier.notices import Wanted
from storage import Tx
from storage.outcomes import Invalid, NotFound


def list_notices(tx: Tx, ask: Ask[NoticesQuery, None]) -> Answer:
    """Return a page of the notices of an install, a customer or a defect, oldest first."""
    query = ask.query
    wanted = Wanted(query.install or None, query.customer or None, query.defect or None)
    if sum(subject is not None for subject in astuple(wanted)) != 1:
        raise Invalid.at("", "Name exactly one of install, customer and defect.")
    if ask.key.role is Role.APP:
        _refuse_strangers(tx, ask, query.install)
    found = notices.listing(tx, wanted, after=number_of(query.after), limit=query.limit + 1, links=ask.links)
    return Answer(numbered_page(found, query.limit))


def seen(tx: Tx, ask: Ask[Witness, None]) -> Answer:
    """Note that the recipient has seen a notice; the first time counts."""
    _check_recipient(tx, ask)
    return Answer(notices.seen(tx, ask.path["notice"], ask.now, ask.links))


def choose(tx: Tx, ask: Ask[Witness, Choice]) -> Answer:
    """Note which remedy the recipient takes."""
    _check_recipient(tx, ask)
    return Answer(notices.choose(tx, ask.path["notice"], ask.body.remedy, ask.now, ask.links))


def _check_recipient(tx: Tx, ask: Ask[Witness, Any]) -> None:
    """Raise NotFound where a client app asks for a notice that is not about its own install."""
    if ask.key.role is not Role.APP:
        return
    install = _refuse_strangers(tx, ask, ask.query.install)
    if not notices.concerns(tx, ask.path["notice"], install):
        raise NotFound("There is no such notice.")


def _refuse_strangers(tx: Tx, ask: Ask[Any, Any], install: str | UnsetType) -> str:
    """Return a client app's install. Raises Invalid where it names none, NotFound without its token."""
    if install is UNSET:
        raise Invalid.at("/install", "A client app names its own install.")
    installs.view(tx, install, token=ask.install_token, vendor=False)
    return install
