"""Claim codes: good for what they were made for, and one refusal for all else."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from installs_registry import claims, customers, tokens
from installs_registry.claims import ClaimCodeWish
from storage import Database, Tx
from storage.outcomes import Invalid
from tests.installs_registry.builders import LATER, NOW, a_customer
from tests.statements import watched


def a_code(tx: Tx, /, **wish: int) -> str:
    made = claims.make(tx, customers.number(tx, "C-1"), ClaimCodeWish(**wish), "Anna", NOW)
    assert made.code is not None
    return made.code


async def refused(database: Database, code: str, install: str = "i-9", *, late: bool = False) -> str:
    with pytest.raises(Invalid) as refusal:
        await database.call(claims.redeem, code, install, LATER if late else NOW)
    assert [fault.at for fault in refusal.value.faults] == ["/claim"]
    return refusal.value.detail


async def test_a_code_links_however_it_is_written(database: Database) -> None:
    number = await database.call(a_customer)
    code = await database.call(a_code, uses=4)
    for place, written in enumerate((code, code.lower(), code.replace("-", ""), f" {code.replace('1', 'l')} ")):
        linked = await database.call(claims.redeem, written, f"i-{place}", NOW)
        assert linked == number


async def test_the_same_install_may_send_its_code_again_and_uses_it_once(database: Database) -> None:
    number = await database.call(a_customer)
    code = await database.call(a_code)
    for now in (NOW, NOW, LATER):
        assert await database.call(claims.redeem, code, "i-1", now) == number
    assert [view.used for view in await database.read(claims.listing, number)] == [1]


async def test_unknown_used_up_expired_and_voided_codes_are_refused_alike(database: Database) -> None:
    number = await database.call(a_customer)
    used, expired, voided = [await database.call(a_code) for _ in range(3)]
    await database.call(claims.redeem, used, "i-1", NOW)
    told = {
        await refused(database, used),
        await refused(database, expired, late=True),
        await refused(database, "AAAAA-AAAAA-AAAAA-AAAAA"),
        await refused(database, ""),
        await refused(database, "\0 ' --"),
    }
    assert await database.call(claims.void, number, NOW + timedelta(seconds=1)) == 2
    with pytest.raises(Invalid) as refusal:
        await database.call(claims.redeem, voided, "i-9", NOW + timedelta(seconds=2))
    assert told | {refusal.value.detail} == {claims.REFUSED}


async def test_a_code_costs_the_same_statements_whatever_it_is(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await database.call(a_customer)
    good = await database.call(a_code)
    asked = watched(monkeypatch)
    await refused(database, "AAAAA-AAAAA-AAAAA-AAAAA")
    unknown, asked[:] = list(asked), []
    await database.call(claims.redeem, good, "i-1", NOW)
    assert asked == unknown != []


async def test_a_code_for_one_links_one_of_many_that_come_at_once(database: Database) -> None:
    await database.call(a_customer)
    code = await database.call(a_code)
    work = [database.call(claims.redeem, code, f"i-{number}", NOW) for number in range(8)]
    outcomes = await asyncio.gather(*work, return_exceptions=True)
    assert sum(isinstance(outcome, int) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, Invalid) for outcome in outcomes) == 7


async def test_the_code_itself_is_not_kept(database: Database) -> None:
    await database.call(a_customer)
    code = await database.call(a_code)
    rows = str(await database.read(lambda tx: tx.built("SELECT * FROM claim_codes", {})))
    assert code not in rows
    assert code.replace("-", "") not in rows
    assert tokens.digest(code.replace("-", "")) in rows
