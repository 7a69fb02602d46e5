"""The service as a process: it starts, is ready, stops without losing anything, and comes back after a kill."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest

from installs_registry import customers
from installs_registry.types import CustomerRecord
from storage import Tx, open_database
from storage.outcomes import Conflict
from tests.journeys.services import ADMIN_KEY, Client, beside, eventually, run, serving
from tests.notifier.stage import NOTES

#: Seconds that a stop may take.
STOP = 20.0
HEADERS = {"Authorization": f"Bearer {ADMIN_KEY}", "Content-Type": "application/json"}


@pytest.fixture
def url(empty_url: str) -> str:
    """A database of each kind that nobody has been in."""
    return empty_url


def test_a_fresh_start_is_healthy_and_then_ready(url: str) -> None:
    with serving(url) as (_, client):
        assert client.ask("GET", "/healthz")[0] == 200
        eventually(client.is_ready)


def test_the_first_start_makes_an_admin_key_and_prints_it_once(sqlite_url: str) -> None:
    with serving(sqlite_url, admin_key="") as (service, client):
        assert service.process.stdout is not None
        key = service.process.stdout.readline().split()[-1]
        assert Client(client.address, key).ask("GET", "/v1/products")[0] == 200
    with serving(sqlite_url, admin_key="") as (service, client):
        assert Client(client.address, key).ask("GET", "/v1/products")[0] == 200
        service.terminate()
        assert service.ended() == 0
        assert service.process.stdout is not None
        assert service.process.stdout.read() == ""


def test_a_new_key_holds_at_once_and_a_revoked_one_no_more(url: str) -> None:
    with serving(url) as (_, client):
        ben = Client(client.address, beside(url, "keys", "create", "--role", "viewer", "--name", "Ben").strip())
        assert ben.ask("GET", "/v1/products")[0] == 200
        (listed,) = json.loads(beside(url, "keys", "list", "--json"))
        beside(url, "keys", "revoke", listed["id"])
        assert ben.ask("GET", "/v1/products")[0] == 401


def test_a_check_is_answered_once_the_product_is_declared(url: str) -> None:
    with serving(url) as (_, client):
        assert client.ask("PUT", "/v1/products/notes", NOTES)[0] == 200
        question = {"product": "notes", "from": "4.1.0", "to": "4.2.0"}
        eventually(lambda: client.ask("POST", "/v1/check", question)[0] == 200)


def test_sigterm_ends_an_idle_service_quickly_and_its_log_is_json_without_keys(url: str) -> None:
    with serving(url) as (service, client):
        assert client.ask("GET", "/v1/products")[0] == 200
        kept_open = client.connect()
        kept_open.request("GET", "/healthz")
        kept_open.getresponse().read()
        before = time.monotonic()
        service.terminate()
        assert service.ended() == 0
        assert time.monotonic() - before < STOP / 2
        kept_open.close()
    assert all("timestamp" in entry for entry in service.log)
    assert {entry["event"] for entry in service.log} == {"serving", "request", "stopping", "stopped"}
    assert ADMIN_KEY not in json.dumps(service.log)


def test_a_request_under_way_is_finished_before_the_stop(url: str) -> None:
    with serving(url) as (service, client), standing_in_the_way(url) as out_of_the_way:
        connection = client.connect()
        connection.request("GET", "/healthz")
        connection.getresponse().read()
        connection.request("PUT", "/v1/customers/carol", json.dumps({"name": "Carol"}), HEADERS)
        service.terminate()
        service.logged("stopping")
        out_of_the_way()
        assert connection.getresponse().status == 200
        connection.close()
        assert service.ended() == 0
    with serving(url) as (_, again):
        assert again.ask("GET", "/v1/customers/carol")[0] == 200


def test_a_request_that_never_ends_does_not_hold_up_the_stop(sqlite_url: str) -> None:
    with serving(sqlite_url) as (service, client):
        connection = client.connect()
        connection.putrequest("PUT", "/v1/products/notes")
        connection.putheader("Authorization", f"Bearer {ADMIN_KEY}")
        connection.putheader("Content-Type", "application/json")
        connection.putheader("Content-Length", "100")
        connection.putheader("Expect", "100-continue")
        connection.endheaders()
        assert connection.sock.recv(25).startswith(b"HTTP/1.1 100")
        before = time.monotonic()
        service.terminate()
        assert service.ended() == 0
        assert time.monotonic() - before < STOP
        connection.close()


@contextmanager
def standing_in_the_way(url: str) -> Iterator[Callable[[], None]]:
    """Let nobody else write the customer carol until the function that is yielded is called."""
    in_the_way, out_of_it = threading.Event(), threading.Event()

    def write_and_wait(tx: Tx) -> None:
        customers.put(tx, "carol", CustomerRecord(name="Somebody else"), datetime.now(UTC))
        in_the_way.set()
        assert out_of_it.wait(STOP)
        raise Conflict("nothing of this is to stay")

    async def hold() -> None:
        database = open_database(url)
        with suppress(Conflict):
            await database.call(write_and_wait)
        await database.close()

    holder = threading.Thread(target=asyncio.run, args=(hold(),))
    holder.start()
    assert in_the_way.wait(STOP)
    try:
        yield out_of_it.set
    finally:
        out_of_it.set()
        holder.join()


class Writers:
    """Several clients that write customers as fast as they are answered, and remember what was acknowledged."""

    def __init__(self, client: Client, count: int = 4) -> None:
        self._client = client
        self.acknowledged: list[str] = []
        self._threads = [threading.Thread(target=self._write, args=(number,)) for number in range(count)]
        for thread in self._threads:
            thread.start()

    def _write(self, writer: int) -> None:
        written = 0
        while True:
            name = f"c-{writer}-{written}"
            try:
                status, _ = self._client.ask("PUT", f"/v1/customers/{name}", {"name": name})
            except (OSError, ValueError):
                return
            if status != 200:
                return
            self.acknowledged.append(name)
            written += 1

    def lost(self, client: Client) -> list[str]:
        """Return what was acknowledged and is not there."""
        for thread in self._threads:
            thread.join()
        return [name for name in self.acknowledged if client.ask("GET", f"/v1/customers/{name}")[0] != 200]


@pytest.mark.parametrize("end", ["terminate", "kill"])
def test_nothing_acknowledged_is_lost_when_it_ends_under_load(url: str, end: str) -> None:
    with serving(url) as (service, client):
        writers = Writers(client)
        eventually(lambda: len(writers.acknowledged) > 40)
        getattr(service, end)()
        service.ended()
    with serving(url) as (_, again):
        assert writers.lost(again) == []


def test_a_port_that_is_taken_is_told_in_a_sentence(sqlite_url: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ended = run(sqlite_url, "serve", "--port", port)
    assert ended.returncode == 1
    assert ended.stderr == f"forewarn: Cannot listen on 127.0.0.1, port {port}: Address already in use.\n"


def test_the_settings_may_stand_in_a_file(sqlite_url: str, tmp_path: Path) -> None:
    file = tmp_path / "forewarn.toml"
    file.write_text('log_level = "error"\nhost = "localhost"\nport = 99999\n', encoding="utf-8")
    ended = run(sqlite_url, "serve", "--config", str(file))
    assert ended.returncode == 2
    assert f"port (from port in {file})" in ended.stderr
