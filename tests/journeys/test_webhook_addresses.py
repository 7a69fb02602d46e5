"""A webhook never leads into the host's own networks: refused at the door, or when its name turns out to."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from storage import Tx, open_database
from tests.journeys.asking import done, file_and_publish, have_product, imported, places
from tests.journeys.services import eventually, serving
from tests.notifier.channels.test_webhook import PUBLIC
from tests.notifier.stage import AT_RISK


@pytest.fixture
def vectors(data: Path) -> list[dict[str, str]]:
    found: list[dict[str, str]] = json.loads((data / "security/ssrf/ssrf_vectors.json").read_text("utf-8"))["vectors"]
    return found


def test_an_address_inside_our_networks_is_refused_at_the_door(vectors: list[dict[str, str]], sqlite_url: str) -> None:
    lines = [{"customer": f"c{no}", "name": "Eve", "webhook": vector["url"]} for no, vector in enumerate(vectors)]
    with serving(sqlite_url) as (_, client):
        answer = imported(client, "customers", lines)
        status, problem = client.ask("PUT", "/v1/customers/eve", {"name": "Eve", "webhook": "https://127.1/hook"})
        assert (status, places(problem)) == (422, ["/webhook"])
    kept = asyncio.run(webhooks(sqlite_url))
    assert answer["accepted"] == len(kept)
    assert {vector["url"] for vector in vectors if vector["expect"] != "block"} <= kept
    blocked = {vector["url"] for vector in vectors if vector["expect"] == "block"}
    assert {urlsplit(url).hostname for url in kept & blocked} <= PUBLIC
    assert len(blocked - kept) > 900


async def webhooks(url: str) -> set[str]:
    """Return every webhook that is kept."""

    def kept(tx: Tx) -> set[str]:
        return {row["webhook"] for row in tx.built("SELECT webhook FROM customers", {})}

    database = open_database(url)
    try:
        return await database.read(kept)
    finally:
        await database.close()


@pytest.fixture
def endpoint() -> Iterator[socket.socket]:
    """A server of this very host that nobody may reach through a webhook."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setblocking(False)  # noqa: FBT003 - the name that the standard library gives no keyword for
        yield listening


def test_a_name_that_leads_into_our_networks_is_not_called(sqlite_url: str, endpoint: socket.socket) -> None:
    # Opening one network lets local names in at the door; what this one leads to is in another.
    webhook = f"http://localhost:{endpoint.getsockname()[1]}/hook"
    with serving(sqlite_url, allowed_networks="10.1.2.0/24") as (_, client):
        have_product(client)
        done(client, "PUT", "/v1/customers/eve", {"name": "Eve", "webhook": webhook})
        body = {"product": "notes", "version": "4.1.0", "customer": "eve", "footprint": AT_RISK}
        done(client, "PUT", "/v1/installs/eve-1", body)
        defect = file_and_publish(client)
        eventually(lambda: done(client, "GET", f"/v1/defects/{defect}/progress")["failed"] == 1)
    with pytest.raises(BlockingIOError):
        endpoint.accept()
