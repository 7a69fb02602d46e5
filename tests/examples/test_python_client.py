"""The client that apps copy, against the real service and against none."""

from __future__ import annotations

import ast
import asyncio
import json
import socket
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from examples.python import forewarn_client
from examples.python.forewarn_client import Advice, Client, NoAnswer
from tests.examples.conftest import Vendor

AT_RISK = {"notebooks": 12}
HOUR = 3600
REFUSED = "http://127.0.0.1:1"


class Clock:
    """Seconds that are set by hand."""

    def __init__(self) -> None:
        self.seconds = 1_000_000.0

    def __call__(self) -> float:
        return self.seconds


def a_client(address: str, key: str, state: Path, **changes: Any) -> Client:
    return Client(address, key, "notes", state, **changes)


def ask(client: Client, notebooks: int = 12) -> Advice:
    return client.before_upgrade("4.1.3", "4.2.0", footprint={"notebooks": notebooks})


async def asked(client: Client, notebooks: int = 12) -> Advice:
    return await asyncio.to_thread(ask, client, notebooks)


@contextmanager
def a_server(answer: bytes | None) -> Iterator[str]:
    """Take one connection and send `answer`, or nothing at all for None."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        done = threading.Event()

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)
                if answer is not None:
                    connection.sendall(answer)
                else:
                    done.wait()

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            done.set()
            thread.join()


async def test_the_app_is_told_to_proceed_and_after_the_publication_to_hold(vendor: Vendor, tmp_path: Path) -> None:
    client = a_client(vendor.address, vendor.app_key, tmp_path / "state.json")
    before = await asked(client)
    await vendor.publish()
    after = await asked(client)
    harmless = await asked(client, notebooks=0)

    assert (before.action, after.action, harmless.action) == ("proceed", "hold", "proceed")
    assert after.safe_target == "4.2.2"
    assert after.reason is None


async def test_a_check_in_shows_the_notice_and_the_user_answers_it(vendor: Vendor, tmp_path: Path) -> None:
    await vendor.publish()
    client = a_client(vendor.address, vendor.app_key, tmp_path / "state.json")
    notices = await asyncio.to_thread(client.check_in, "4.1.3", footprint=AT_RISK, platform={"os": "linux"})
    assert [notice["defect"] for notice in notices] == ["NOTES-4411"]

    await asyncio.to_thread(client.seen, notices[0]["id"])
    await asyncio.to_thread(client.choose, notices[0]["id"], 1)

    [told] = (await vendor.admin.get(f"/v1/notices?install={client.install}"))["items"]
    assert told["seen_at"] is not None
    assert told["chosen"] == 1


async def test_a_risk_is_accepted_in_the_name_of_the_install(vendor: Vendor, tmp_path: Path) -> None:
    await vendor.publish()
    client = a_client(vendor.address, vendor.app_key, tmp_path / "state.json")
    await asyncio.to_thread(client.check_in, "4.1.3", footprint=AT_RISK)

    def accept() -> Advice:
        return client.before_upgrade("4.1.3", "4.2.0", footprint=AT_RISK, accept=["NOTES-4411"])

    assert (await asyncio.to_thread(accept)).action == "proceed"
    assert (await vendor.admin.get("/v1/defects/NOTES-4411/ledger"))["accepted_risk"] == 1
    # The next question is not answered from that one.
    assert a_client(REFUSED, "key", tmp_path / "state.json").install == client.install
    assert ask(a_client(REFUSED, "key", tmp_path / "state.json")).action == "ask"


async def test_without_an_answer_the_last_verdict_holds_as_long_as_it_is_valid(vendor: Vendor, tmp_path: Path) -> None:
    clock = Clock()
    await vendor.publish()
    assert (await asked(a_client(vendor.address, vendor.app_key, tmp_path / "state", clock=clock))).action == "hold"
    client = a_client(REFUSED, vendor.app_key, tmp_path / "state", clock=clock)

    clock.seconds += HOUR - 1
    kept = ask(client)
    assert kept.action == "hold"
    assert kept.reason is not None
    assert ask(client, notebooks=13).action == "ask"
    clock.seconds += 1
    assert ask(client).action == "ask"
    clock.seconds -= 2 * HOUR
    assert ask(client).action == "ask"


async def test_a_refused_question_never_goes_ahead(vendor: Vendor, tmp_path: Path) -> None:
    advice = await asked(a_client(vendor.address, "a-key-that-nobody-made", tmp_path / "state"))

    assert advice.action == "ask"
    assert "401" in str(advice.reason)


def test_an_install_keeps_its_id_and_its_token_over_a_restart_and_nobody_else_reads_them(tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    first = a_client(REFUSED, "key", state)

    assert a_client(REFUSED, "key", state).install == first.install
    assert a_client(REFUSED, "key", tmp_path / "other.json").install != first.install
    assert len(json.loads(state.read_text())["token"]) >= 22
    assert stat.S_IMODE(state.stat().st_mode) == 0o600


@pytest.mark.parametrize("damaged", ["", "{", "[]", '{"install": "i"}'])
def test_a_damaged_state_begins_anew(tmp_path: Path, damaged: str) -> None:
    state = tmp_path / "state.json"
    state.write_text(damaged)

    assert ask(a_client(REFUSED, "key", state)).action == "ask"
    assert "token" in json.loads(state.read_text())


def test_the_vendor_may_have_no_answer_mean_hold_but_never_proceed(tmp_path: Path) -> None:
    assert ask(a_client(REFUSED, "key", tmp_path / "state", no_answer="hold")).action == "hold"
    with pytest.raises(ValueError, match="never silently goes ahead"):
        a_client(REFUSED, "key", tmp_path / "state", no_answer="proceed")


def test_a_service_that_says_nothing_is_given_up_within_the_time_limit(tmp_path: Path) -> None:
    with a_server(None) as address:
        advice = ask(a_client(address, "key", tmp_path / "state", time_limit=0.05))

    assert advice == Advice("ask", None, "The service did not answer within 0.05 seconds.")


class AtOnce:
    """A thread that has ended before anybody waits for what it brings."""

    def __init__(self, target: Callable[..., None], args: tuple[Any, ...], **_: Any) -> None:
        self.start = partial(target, *args)


def test_a_connection_that_finds_the_time_limit_over_first_says_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with a_server(None) as address:
        monkeypatch.setattr(threading, "Thread", AtOnce)
        advice = ask(a_client(address, "key", tmp_path / "state", time_limit=0.05))

    assert advice.reason == "The service did not answer within 0.05 seconds."


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnull",
        b'HTTP/1.1 200 OK\r\nContent-Length: 21\r\n\r\n{"decision": "upward"}',
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n<!doctype",
        b"HTTP/1.1 503 Full\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 307 Moved\r\nLocation: http://127.0.0.1:2/\r\nContent-Length: 0\r\n\r\n",
        b"not HTTP at all\r\n\r\n",
    ],
)
def test_an_answer_that_is_none_is_no_answer(tmp_path: Path, answer: bytes) -> None:
    with a_server(answer) as address:
        advice = ask(a_client(address, "key", tmp_path / "state"))

    assert (advice.action, advice.verdict) == ("ask", None)


@pytest.mark.parametrize(
    "act",
    [lambda client: client.seen("n"), lambda client: client.check_in("1", footprint={})],
    ids=["seen", "check_in"],
)
def test_what_must_arrive_says_when_it_did_not(tmp_path: Path, act: Callable[[Client], Any]) -> None:
    with pytest.raises(NoAnswer, match="could not be reached"):
        act(a_client(REFUSED, "key", tmp_path / "state"))


def test_the_file_needs_python_3_9_and_nothing_else() -> None:
    tree = ast.parse(Path(forewarn_client.__file__).read_text("utf-8"), feature_version=(3, 9))
    imported = {
        name.split(".")[0]
        for node in ast.walk(tree)
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    assert imported <= {
        "__future__", "collections", "dataclasses", "http", "json", "os", "pathlib", "queue", "secrets", "socket",
        "threading", "time", "typing", "urllib", "uuid",
    }  # fmt: skip
