"""Erased, a customer is in no row of any table, whatever table there is; on both databases."""

from __future__ import annotations

import asyncio
from typing import Any

from storage import Database, open_database
from tests.dumping import found, tables
from tests.journeys.asking import done, file_and_publish
from tests.journeys.services import Client, eventually, serving
from tests.journeys.test_erasure import GONE, TEXTS, _have_customers, _tried
from tests.notifier.post_office import PostOffice, open_post_office
from tests.notifier.stage import ERASES_V2

#: The tables that must have held something of the customer, or the search would have shown nothing.
TOUCHED = {"answers", "customers", "deliveries"}


async def test_nothing_of_an_erased_customer_is_left_in_any_row(database_url: str) -> None:
    async with open_post_office() as office:
        office.refusals[GONE["email"]] = f"450 4.2.1 <{GONE['email']}>: the mailbox of Zebulon Quagmire is busy"
        await asyncio.to_thread(_story, database_url, office)


def _story(url: str, office: PostOffice) -> None:
    smtp = f"smtp://127.0.0.1:{office.port}?starttls=never"
    with serving(url, smtp=smtp, mail_from="Notes Ltd <warnings@notes.example>") as (service, client):
        _have_customers(client)
        _live(client)
        eventually(lambda: bool(office.received) and _tried(client))
        assert _found(url).keys() >= TOUCHED
        assert client.ask("DELETE", f"/v1/customers/{GONE['customer']}")[0] == 204
        assert done(client, "GET", "/v1/installs/i-1").get("customer") is None
        service.terminate()
        assert service.ended() == 0
    assert _found(url) == {}
    assert len(_tables(url)) > len(TOUCHED)


def _live(client: Client) -> None:
    """Let the customer be warned, ask, accept, choose, claim an install, and move on: rows in every table."""
    file_and_publish(client)
    code = done(client, "POST", f"/v1/customers/{GONE['customer']}/claim-codes", {"uses": 2})["code"]
    claimed = {"product": "notes", "version": "4.1.0", "claim_code": code, "footprint": {"notebooks": 3}}
    client.ask("PUT", "/v1/installs/i-claimed", claimed)
    question = {"product": "notes", "from": "4.1.0", "to": "4.2.0", "install": "i-1", "accept": [ERASES_V2["id"]]}
    done(client, "POST", "/v1/check", question)
    eventually(lambda: bool(done(client, "GET", f"/v1/notices?customer={GONE['customer']}")["items"]))
    [first, *_] = done(client, "GET", f"/v1/notices?customer={GONE['customer']}")["items"]
    done(client, "POST", f"/v1/notices/{first['id']}/choose", {"remedy": 0})
    done(client, "PUT", "/v1/installs/i-2", {"product": "notes", "version": "4.2.0"})


def _found(url: str) -> dict[str, list[str]]:
    return asyncio.run(_read(url, found, TEXTS))


def _tables(url: str) -> list[str]:
    return asyncio.run(_read(url, tables))


async def _read(url: str, work: Any, *args: object) -> Any:
    database: Database = open_database(url)
    try:
        return await database.read(work, *args)
    finally:
        await database.close()
