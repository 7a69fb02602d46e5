"""Notices: whom we owe what, and what the recipient did."""

from __future__ import annotations

from dataclasses import astuple
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from api.asking import Answer, Ask
from api.keys import CONFIDED, Role
from api.paging import number_of, numbered_page
from api.types import Choice, NoticesQuery, Page, Witness
from installs_registry import installs
from notifier import notices
from notifier.notices import Wanted
from notifier.types import NoticeView
from storage import Tx
from storage.outcomes import Invalid, NotFound


def list_notices(tx: Tx, ask: Ask[NoticesQuery, None]) -> Answer:
    """Return a page of the notices of an install, a customer or a defect, oldest first."""
    query = ask.query
    wanted = Wanted(query.install or None, query.customer or None, query.defect or None)
    if sum(subject is not None for subject in astuple(wanted)) != 1:
        raise Invalid.at("", "Name exactly one of install, customer and defect.")
    mine = [_own_install(tx, ask, query.install)] if ask.key.role is Role.APP else None
    least = ask.policy.small_audience
    if ask.key.role not in CONFIDED and wanted.defect and notices.too_few_to_list(tx, wanted.defect, least):
        return Answer(Page[NoticeView]([], None, fewer_than=least))
    found = notices.listing(tx, wanted, after=number_of(query.after), limit=query.limit + 1, links=ask.links)
    return Answer(numbered_page([(number, shown(notice, mine)) for number, notice in found], query.limit))


def seen(tx: Tx, ask: Ask[Witness, None]) -> Answer:
    """Note that the recipient has seen a notice; the first time counts."""
    mine = _own_installs(tx, ask)
    return Answer(shown(notices.seen(tx, ask.path["notice"], ask.now, ask.links), mine))


def choose(tx: Tx, ask: Ask[Witness, Choice]) -> Answer:
    """Note which remedy the recipient takes."""
    mine = _own_installs(tx, ask)
    return Answer(shown(notices.choose(tx, ask.path["notice"], ask.body.remedy, ask.now, ask.links), mine))


def shown(notice: NoticeView, mine: list[str] | None) -> NoticeView:
    """Return a notice with those of its installs that the asker may know of; None: all."""
    return notice if mine is None else msgspec.structs.replace(notice, installs=mine)


def _own_installs(tx: Tx, ask: Ask[Witness, Any]) -> list[str] | None:
    """Return the notice's installs that the asker's token opens, None for the vendor's keys.

    Raises NotFound where a client app asks for a notice that is not about its own install.
    """
    if ask.key.role is not Role.APP:
        return None
    named = None if ask.query.install is UNSET else _own_install(tx, ask, ask.query.install)
    mine = notices.opened_installs(tx, ask.path["notice"], ask.install_token)
    if not mine or (named is not None and named not in mine):
        raise NotFound("There is no such notice.")
    return mine


def _own_install(tx: Tx, ask: Ask[Any, Any], install: str | UnsetType) -> str:
    """Return a client app's install. Raises Invalid where it names none, NotFound without its token."""
    if install is UNSET:
        raise Invalid.at("/install", "A client app names its own install.")
    installs.view(tx, install, token=ask.install_token, vendor=False)
    return install
