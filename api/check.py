"""The upgrade check, judged from memory; only an install, an accepted risk or the past needs the database."""

from __future__ import annotations

from typing import Final

from aiohttp import web
from msgspec import UNSET

import risk
from api import reading
from api.asking import Parts
from api.check_facts import Reading, read_footprint, read_platform, typed, version_faults
from api.endpoint import admitted, json_response
from api.keys import Key, Role
from api.pointers import pointer
from api.retired import retired_facts
from api.types import CheckByQuery, CheckQuestion
from api.verdict_view import view_of
from installs_registry import installs
from installs_registry.types import InstallView
from notifier.verdicts import Acceptance, CheckMade, accept_risks
from storage.outcomes import Fault, Forbidden, Invalid, NotFound

ROLES: Final = frozenset(Role)
#: Who may take a risk: the vendor's admin, or the customer through the app.
_MAY_ACCEPT: Final = frozenset({Role.ADMIN, Role.APP})
_FOOTPRINT: Final = "footprint."


async def check_by_body(request: web.Request, parts: Parts) -> web.Response:
    """Answer POST /v1/check."""
    key_hash, key = await admitted(request, parts, ROLES)
    reading.read_query(request, None)
    body = await reading.read_body(request, parts.policy.body_seconds)
    question = reading.decode_body(request, body, CheckQuestion)
    return await _answer(request, parts, key_hash, key, question)


async def check_by_query(request: web.Request, parts: Parts) -> web.Response:
    """Answer GET /v1/check, whose facts are text."""
    key_hash, key = await admitted(request, parts, ROLES)
    members = reading.query_members(request)
    texts = {name: members.pop(name) for name in list(members) if name.startswith(_FOOTPRINT)}
    if "accept" in members:
        raise Invalid.at("/accept", "A risk is accepted by POST; a GET changes nothing.")
    asked = reading.convert(members, CheckByQuery)
    declared = _current(parts, key, asked.product).product.facts
    footprint, faults = typed(declared, {name.removeprefix(_FOOTPRINT): texts[name] for name in texts})
    if faults:
        raise Invalid(*faults)
    return await _answer(request, parts, key_hash, key, asked.question(footprint))


async def _answer(request: web.Request, parts: Parts, key_hash: str, key: Key, question: CheckQuestion) -> web.Response:
    token = reading.read_header(request, "Install-Token")
    index = await _index(parts, key, question)
    install = await _install(parts, key_hash, key, question, token)
    facts = await _facts(parts, index, question, install)
    accepted = frozenset(question.accept)
    if accepted:
        await _accept(parts, key_hash, key, index, question, install)
    verdict = index.judge(
        risk.Question(
            from_version=question.from_version,
            to_version=question.to_version,
            facts=facts,
            accept=accepted,
            explain=question.explain,
        )
    )
    if install is not None and question.as_of is None:
        parts.check_log.add(
            CheckMade(
                install.install,
                verdict.from_version,
                verdict.to_version,
                verdict.decision,
                verdict.sequence,
                parts.clock.now(),
            )
        )
    return json_response(view_of(verdict))


def _current(parts: Parts, key: Key, product: str) -> risk.ProductIndex:
    index = parts.verdicts.index(product)
    if index is None or key.product not in {None, product}:
        raise NotFound(f"There is no product {product!r}.")
    return index


async def _index(parts: Parts, key: Key, question: CheckQuestion) -> risk.ProductIndex:
    index = _current(parts, key, question.product)
    if question.as_of is None:
        return index
    if question.accept:
        raise Invalid.at("/accept", "A risk is taken now, not in the past: leave out as_of.")
    if question.as_of > parts.verdicts.sequence:
        raise Invalid.at("/as_of", f"The newest sequence is {parts.verdicts.sequence}.")
    past = await parts.verdicts.as_of(question.product, question.as_of)
    if past is None:
        raise Invalid.at("/as_of", f"{question.product} was not declared by then.")
    return past


async def _install(
    parts: Parts, key_hash: str, key: Key, question: CheckQuestion, token: str | None
) -> InstallView | None:
    if question.install is None:
        return None
    view = parts.keys.guarded(key_hash, ROLES, installs.view)
    install = await parts.database.read(view, question.install, token=token, vendor=key.role is not Role.APP)
    if install.product != question.product:
        raise Invalid.at("/install", f"This install is one of {install.product}.")
    return install


async def _facts(
    parts: Parts, index: risk.ProductIndex, question: CheckQuestion, install: InstallView | None
) -> dict[str, risk.Value]:
    """Return what the question says; what it leaves out, as the named install reported it."""
    footprint = question.footprint
    platform = question.platform
    readings = [
        read_footprint(index.product.facts, footprint if isinstance(footprint, dict) else {}),
        Reading.of({}) if platform is UNSET else read_platform(platform),
    ]
    if install is not None:
        readings += _stored(index, question, install)
    faults = [fault for each in readings for fault in each.faults]
    faults += _version_faults(index, "/from", question.from_version)
    faults += _version_faults(index, "/to", question.to_version)
    faults += await _unknown_faults(parts, index, readings[0].unknown)
    if faults:
        raise Invalid(*faults)
    return {name: value for each in readings for name, value in each.facts.items()}


def _version_faults(index: risk.ProductIndex, at: str, version: str | None) -> tuple[Fault, ...]:
    """Return what is wrong with a version; one that is a release has been read before."""
    if version is None or version in index.places:
        return ()
    return version_faults(at, version, index.product.scheme)


def _stored(index: risk.ProductIndex, question: CheckQuestion, install: InstallView) -> list[Reading]:
    stored = [Reading.of({"install.first_version": install.first_version})]
    if question.footprint is UNSET:
        stored.append(Reading.of(read_footprint(index.product.facts, install.footprint).facts))
    if question.platform is UNSET:
        stored.append(Reading.of(read_platform(install.platform).facts))
    return stored


async def _unknown_faults(parts: Parts, index: risk.ProductIndex, names: frozenset[str]) -> list[Fault]:
    """Return the faults of names that were never declared; a retired fact may be sent, and is ignored."""
    if not names:
        return []
    retired = await parts.database.read(retired_facts, index.product.id)
    return [
        Fault(pointer("footprint", name), f"{name!r} is not a fact of {index.product.id}.")
        for name in sorted(names - retired)
    ]


async def _accept(
    parts: Parts,
    key_hash: str,
    key: Key,
    index: risk.ProductIndex,
    question: CheckQuestion,
    install: InstallView | None,
) -> None:
    """Record by name who goes ahead through which defects; once this returns, it is durable."""
    if key.role not in _MAY_ACCEPT or (key.role is Role.APP and install is None):
        raise Forbidden("A risk is accepted by an admin, or by a client app for its own install.")
    faults = [
        Fault(pointer("accept", place), f"There is no published defect {defect} of {index.product.id}.")
        for place, defect in enumerate(question.accept)
        if defect not in index.rules
    ]
    if faults:
        raise Invalid(*faults)
    acceptance = Acceptance(
        tuple(dict.fromkeys(question.accept)),
        question.install,
        question.from_version,
        question.to_version,
        _holder(key, install),
    )
    accept = parts.keys.guarded(key_hash, _MAY_ACCEPT, accept_risks)
    await parts.database.call(accept, acceptance, parts.clock.now())


def _holder(key: Key, install: InstallView | None) -> str:
    """Return the name to put to an accepted risk: an app speaks for its customer, an admin for itself."""
    if install is None or key.role is not Role.APP:
        return key.person
    return install.customer or install.install
