"""What `forewarn serve` stands on: loops that go on, processes that are replaced, an end that comes."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
from datetime import timedelta

import pytest
import structlog

from commands.serving import loops as loops_module
from commands.serving.housekeeping import Housekeeping
from commands.serving.listening import address_of, listen
from commands.serving.loops import Loops
from commands.serving.workers import supervise
from installs_registry import erasures
from storage import Database, Tx, instant
from storage.outcomes import Conflict
from tests.conftest import FakeClock


async def test_a_loop_that_breaks_is_started_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loops_module, "_AGAIN_AFTER", 0.0)
    tries = 0
    going_on = asyncio.Event()

    async def breaks_twice() -> None:
        nonlocal tries
        tries += 1
        if tries < 3:
            raise LookupError("broken")
        going_on.set()

    loops = Loops({"breaks": breaks_twice})
    with structlog.testing.capture_logs() as log:
        loops.start()
        await asyncio.wait_for(going_on.wait(), 60)
        loops.cancel()
        await loops.ended()
    assert [entry["event"] for entry in log] == ["loop_broke", "loop_broke"]


async def test_what_is_under_way_is_ended_before_the_loops_have() -> None:
    begun, ended = asyncio.Event(), []

    async def careful() -> None:
        try:
            begun.set()
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            ended.append("careful")

    loops = Loops({"careful": careful})
    loops.start()
    await begun.wait()
    loops.cancel()
    await loops.ended()
    assert ended == ["careful"]


async def test_a_loop_that_does_not_stop_is_named_and_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loops_module, "STOP_WITHIN", 0.0)
    begun, allowed = asyncio.Event(), asyncio.Event()

    async def stubborn() -> None:
        try:
            begun.set()
            await asyncio.Event().wait()
        finally:
            await allowed.wait()

    loops = Loops({"stubborn": stubborn})
    loops.start()
    await begun.wait()
    loops.cancel()
    with structlog.testing.capture_logs() as log:
        await loops.ended()
    assert [(entry["event"], entry["loop"]) for entry in log] == [("loop_did_not_stop", "stubborn")]
    allowed.set()
    await asyncio.gather(*loops._tasks, return_exceptions=True)  # noqa: SLF001 - left over on purpose


def test_processes_that_cannot_start_are_given_up() -> None:
    with structlog.testing.capture_logs() as log:
        assert supervise(2, sys.exit, 3) == 1
    assert {(entry["event"], entry["exit_code"]) for entry in log} == {("worker_died", 3)}
    assert len(log) >= 5


def test_a_process_that_hangs_is_ended_all_the_same() -> None:
    program = "import time; from commands.serving.ending import end_within; end_within(0.1); time.sleep(60)"
    tokens = [sys.executable, "-c", program]
    ended = subprocess.run(tokens, check=False, capture_output=True, timeout=90)  # noqa: S603 - our own program
    assert ended.returncode == 1
    assert b"stop_took_too_long" in ended.stdout


def test_an_address_is_told_as_this_machine_reaches_it() -> None:
    with listen("0.0.0.0", 0) as everywhere:  # noqa: S104 - nothing is answered
        assert address_of(everywhere) == f"http://127.0.0.1:{everywhere.getsockname()[1]}"
    with listen("localhost", 0) as here:
        assert isinstance(here, socket.socket)
        assert address_of(here).startswith("http://")


def test_a_host_that_is_none_is_refused() -> None:
    with pytest.raises(Conflict, match=r"Cannot listen on nowhere\.invalid: "):
        listen("nowhere.invalid", 0)


async def test_housekeeping_forgets_answers_after_a_day(database: Database, clock: FakeClock) -> None:
    def answered(tx: Tx) -> None:
        for name, age in (("old", 25), ("new", 23)):
            tx.run_built(
                "INSERT INTO answers (key_id, idempotency_key, fingerprint, status, body, at) "
                "VALUES ('k', :name, 'f', 200, '', :at)",
                {"name": name, "at": instant(clock.now() - timedelta(hours=age))},
            )

    await database.call(answered)
    assert (await Housekeeping(database, clock).tidy())["answers"] == 1


async def test_a_small_file_is_written_anew_once_after_somebody_was_erased(
    database: Database, clock: FakeClock
) -> None:
    housekeeping = Housekeeping(database, clock)
    assert not await housekeeping.clear_away()
    await database.call(erasures.note, "C-1", clock.now())
    assert await housekeeping.clear_away() is (database.dialect == "sqlite")
    clock.advance(timedelta(seconds=1))
    assert not await housekeeping.clear_away()
    await database.call(erasures.note, "C-2", clock.now())
    assert await housekeeping.clear_away() is (database.dialect == "sqlite")
