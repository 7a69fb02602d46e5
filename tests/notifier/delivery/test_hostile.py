"""Servers that behave badly, disks that fill and clocks that jump: what it does to the states of notices."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial

import pytest

from notifier.delivery.worker import Postman
from storage import DatabaseUnavailable, StorageError, Tx, open_database
from tests.notifier.delivery.test_delivering import rows
from tests.notifier.post_office import PostOffice, a_postman
from tests.notifier.stage import Stage

Lines = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def a_server(speaks: Lines) -> AsyncIterator[PostOffice]:
    """Listen, and let `speaks` treat each client; yields an office of that port."""

    async def treat(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await speaks(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            return
        finally:
            writer.transport.abort()

    server = await asyncio.start_server(treat, "127.0.0.1", 0)
    try:
        yield PostOffice(port=server.sockets[0].getsockname()[1])
    finally:
        server.close()


async def attempt(stage: Stage, speaks: Lines, severity: str = "outage") -> tuple[object, ...]:
    """Send one warning to a server; return the delivery's state and whether the recipient may have it."""
    await stage.holds("ada", "ada-mac")
    await stage.publish(severity=severity)
    async with a_server(speaks) as office:
        postman = a_postman(stage, office)
        await postman.deliver_due()
        await postman.close()
    [(state, handed_over_at)] = await rows(stage, "d.state, d.handed_over_at")
    return state, handed_over_at is not None


async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, offers: bytes = b"8BITMIME") -> None:
    writer.write(b"220 mx.example\r\n")
    await reader.readuntil(b"\r\n")
    writer.write(b"250-mx.example\r\n250 " + offers + b"\r\n")


async def agree(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Take sender and recipient, and ask for the message."""
    for reply in (b"250 fine\r\n", b"250 fine\r\n", b"354 go\r\n"):
        await reader.readuntil(b"\r\n")
        writer.write(reply)


async def the_message(reader: asyncio.StreamReader) -> None:
    await reader.readuntil(b"\r\n.\r\n")


async def test_who_is_reset_before_the_message_may_be_tried_again(stage: Stage) -> None:
    async def reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await greet(reader, writer)
        await reader.readuntil(b"\r\n")

    assert await attempt(stage, reset) == ("PENDING", False)


async def test_who_speaks_garbage_may_be_tried_again(stage: Stage) -> None:
    async def babble(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"\x00\xff HELLO? \r\n\r\n")
        await writer.drain()

    assert await attempt(stage, babble) == ("PENDING", False)


async def test_who_closes_with_421_may_be_tried_again(stage: Stage) -> None:
    async def closed(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await greet(reader, writer)
        await reader.readuntil(b"\r\n")
        writer.write(b"421 4.3.2 going down\r\n")
        await writer.drain()

    assert await attempt(stage, closed) == ("PENDING", False)


@pytest.mark.parametrize(("severity", "state"), [("outage", "IN_DOUBT"), ("data-loss", "PENDING")])
async def test_who_dies_after_the_message_and_before_250_leaves_it_in_doubt(
    stage: Stage, severity: str, state: str
) -> None:
    died = 0

    async def die(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal died
        died += 1
        await greet(reader, writer)
        if died > 1:
            return
        await agree(reader, writer)
        await the_message(reader)

    assert await attempt(stage, die, severity) == (state, True)


async def test_who_never_answers_a_message_is_not_flooded_with_copies(stage: Stage) -> None:
    took: list[bytes] = []

    async def take_and_die(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await greet(reader, writer)
        await agree(reader, writer)
        took.append(await reader.readuntil(b"\r\n.\r\n"))

    assert await attempt(stage, take_and_die, "data-loss") == ("PENDING", True)
    assert len(took) == 2


async def test_who_offers_pipelining_and_does_not_keep_to_it_gets_the_mail_once(stage: Stage) -> None:
    together: list[int] = []
    took: list[bytes] = []

    async def lie(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await greet(reader, writer, offers=b"PIPELINING")
        commands = (await reader.read(4096)).count(b"\r\n")
        together.append(commands)
        if commands > 1:
            # One answer too many: which is about what could only be guessed.
            writer.write(b"250 fine\r\n" * 4)
            await writer.drain()
            return
        writer.write(b"250 fine\r\n")
        for reply in (b"250 fine\r\n", b"354 go\r\n"):
            await reader.readuntil(b"\r\n")
            writer.write(reply)
        took.append(await reader.readuntil(b"\r\n.\r\n"))
        writer.write(b"250 taken\r\n")
        await writer.drain()
        await reader.read()

    await stage.holds("ada", "ada-mac")
    await stage.publish()
    async with a_server(lie) as office:
        postman = a_postman(stage, office)
        for _ in range(3):
            await postman.deliver_due()
            stage.later(minutes=5)
        await postman.close()
    assert await stage.kinds() == [("warning", "sent")]
    assert len(took) == 1
    assert together == [3, 1]


async def test_a_greylisted_mail_is_taken_the_second_time(stage: Stage, office: PostOffice, postman: Postman) -> None:
    office.refusals["ada@example.com"] = "450 4.2.0 Greylisted, come back later"
    await stage.holds("ada", "ada-mac")
    await stage.publish()
    await postman.deliver_due()
    assert await rows(stage, "d.state, d.handed_over_at") == [("PENDING", None)]
    office.refusals.clear()
    stage.later(seconds=31)
    await postman.deliver_due()
    assert await stage.kinds() == [("warning", "sent")]


@pytest.mark.parametrize("jump", [timedelta(days=-400), timedelta(days=400)])
async def test_a_clock_that_jumps_while_a_mail_is_under_way_neither_loses_nor_repeats_it(
    stage: Stage, office: PostOffice, postman: Postman, jump: timedelta
) -> None:
    def leap() -> None:
        stage.now += jump

    office.on_message = leap
    await stage.holds("ada", "ada-mac")
    await stage.publish()
    await postman.deliver_due()
    await postman.deliver_due()
    stage.now -= jump
    await postman.deliver_due()
    assert len(office.received) == 1
    assert await stage.kinds() == [("warning", "sent")]


async def test_a_clock_that_is_set_back_lets_nothing_wait_for_ever(
    stage: Stage, office: PostOffice, postman: Postman
) -> None:
    await stage.holds("ada", "ada-mac")
    await stage.publish()
    stage.now -= timedelta(days=30)
    assert await postman.deliver_due() == 0
    stage.now += timedelta(days=30)
    assert await postman.deliver_due() == 1
    assert len(office.received) == 1


async def test_on_a_full_disk_nothing_leaves_that_was_not_marked_before_and_all_of_it_leaves_after(
    migrated_sqlite_url: str, office: PostOffice
) -> None:
    stage = Stage(open_database(migrated_sqlite_url))
    await stage.set_up()
    await stage.holds("ada", "ada-mac")
    await stage.publish()
    free = await stage.database.call(fill, 0)
    postman = a_postman(stage, office)
    with pytest.raises(StorageError):
        await stage.database.call(write_much)
    try:
        await postman.deliver_due()
    except DatabaseUnavailable:
        assert office.received == []
    marked = len([1 for each in await rows(stage, "d.handed_over_at") if each[0] is not None])
    assert len(office.received) <= marked
    await stage.database.call(fill, free)
    stage.later(minutes=2)
    await postman.deliver_due()
    await postman.close()
    assert await stage.kinds() == [("warning", "sent")]
    assert len({mail["Message-ID"] for mail in office.mails()}) == 1
    await stage.database.close()


def fill(tx: Tx, pages: int) -> int:
    """Let the file grow no further, or to so many pages; return how many it might have had."""
    [before] = tx.built("PRAGMA max_page_count", {})
    tx.built(f"PRAGMA max_page_count = {pages or 1}", {})
    return int(before["max_page_count"])


def write_much(tx: Tx) -> None:
    for number in range(2_000):
        tx.run_built(
            "INSERT INTO staff_mails (id, subject_id, address, subject, body, made_at, due_at, attempts)"
            " VALUES (:id, 'x', 'a@b', 's', :body, 'x', 'x', 0)",
            {"id": str(number), "body": "x" * 2_000},
        )


async def test_a_server_of_ours_without_room_marks_nothing_and_what_it_could_not_note_is_in_doubt(
    migrated_postgresql_url: str, office: PostOffice
) -> None:
    stage = Stage(open_database(migrated_postgresql_url))
    await stage.set_up()
    await stage.holds("ada", "ada-mac")
    await stage.publish()
    postman = a_postman(stage, office)
    await stage.database.call(fill_up)
    with pytest.raises(StorageError):
        await postman.deliver_due()
    assert office.received == []
    # It fills again while the message is on its way: what was answered cannot be noted.
    await stage.database.call(make_room)
    office.on_message = partial(stage.database.call, fill_up)
    await postman.deliver_due()
    [first] = office.mails()
    assert await rows(stage, "d.state, d.message_id") == [("SENDING", first["Message-ID"])]
    office.on_message = None
    await stage.database.call(make_room)
    stage.later(minutes=2)
    await postman.deliver_due()
    await postman.close()
    assert await stage.kinds() == [("warning", "sent")]
    assert [mail["Message-ID"] for mail in office.mails()] == [first["Message-ID"]] * 2
    await stage.database.close()


def fill_up(tx: Tx) -> None:
    """Let the server answer each change of a delivery as it does where its disk is full (disk_full, 53100)."""
    tx.run_built(
        "CREATE OR REPLACE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100'; END $$",
        {},
    )
    tx.run_built("CREATE TRIGGER no_room BEFORE UPDATE ON deliveries FOR EACH ROW EXECUTE FUNCTION no_room()", {})


def make_room(tx: Tx) -> None:
    tx.run_built("DROP TRIGGER no_room ON deliveries", {})
