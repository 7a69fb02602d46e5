"""A head that aiohttp has read is not read again, and no answer depends on which heads are known."""

from __future__ import annotations

import asyncio
import json
from random import Random

import pytest
from aiohttp import web

from api.known_heads import LONGEST, MOST, Head, KnownHeads, is_whole
from api.lane import LANE
from tests.api.checks_sent import CHECK, QUESTION, TO_THE_APPLICATION, request
from tests.api.house import ADMIN_KEY, House
from tests.api.shop import HEALTH
from tests.api.test_lane_agreement import without_id
from tests.api.wire import Wire, connect, same

BODY = json.dumps(QUESTION).encode()
HEAD = Head("of a key", None)
OTHER = request(json.dumps({**QUESTION, "from": "4.1.9"}).encode())
BY_APPLICATION = request(BODY, TO_THE_APPLICATION)
CHECK_IN = request(b'{"product":"notes","version":"4.1.3"}').replace(b"POST /v1/check", b"PUT /v1/installs/NOTE-1")


def known(house: House) -> KnownHeads:
    app = house.client.app
    assert app is not None
    return app[LANE].known_heads


def knowing(data: bytes = CHECK, body: bytes = BODY) -> KnownHeads:
    heads = KnownHeads()
    heads.keep(data, body, HEAD)
    return heads


def test_a_known_head_is_found_before_another_body_of_its_length() -> None:
    body = BODY.replace(b"4.1.3", b"4.1.9")
    assert knowing().find(CHECK.replace(BODY, body)) == (HEAD, body)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\r\n\r\n",
        CHECK[:40],
        CHECK[:-1],
        CHECK + b" ",
        CHECK + CHECK,
        b"\r\n" + CHECK,
        CHECK.replace(b"Host: x", b"Host: y"),
        CHECK.replace(b"POST", b"post"),
        request(BODY + b" "),
    ],
)
def test_anything_but_one_whole_check_behind_a_known_head_is_left_to_be_read(data: bytes) -> None:
    assert knowing().find(data) is None


def test_only_so_many_heads_are_known_at_a_time() -> None:
    heads = knowing()
    checks = [request(BODY, f"X-Number: {number}") for number in range(MOST)]
    for check in checks[:-1]:
        heads.keep(check, BODY, HEAD)
    assert heads.find(CHECK) == (HEAD, BODY)
    heads.keep(checks[-1], BODY, HEAD)
    assert [heads.find(each) for each in (CHECK, checks[-1])] == [None, (HEAD, BODY)]


def test_a_long_head_is_not_kept() -> None:
    long = request(BODY, "X-Long: " + "x" * LONGEST)
    assert knowing(long).find(long) is None


@pytest.mark.parametrize(("data", "body"), [(CHECK, BODY), (HEALTH, b"")])
def test_one_request_and_nothing_else_is_whole(data: bytes, body: bytes) -> None:
    assert is_whole(data, body)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        BODY,
        CHECK + b"P",
        CHECK + CHECK,
        CHECK[1:-1],
        b"\r\n" + CHECK,
        CHECK.replace(b"Host: x\r\n", b"Host: x\n"),
        CHECK.replace(b"\r\n", b"\n"),
        CHECK.replace(b"\r\n\r\n", b"\n\r\n"),
        CHECK.replace(b"Host: x\r\n", b"Host: x\n\n") + BODY[:8],
    ],
)
def test_what_two_readers_might_read_in_two_ways_is_not_whole(data: bytes) -> None:
    assert not is_whole(data, BODY)


async def test_the_same_head_is_read_once_and_answered_as_before(shop: House, monkeypatch: pytest.MonkeyPatch) -> None:
    first = connect(shop)
    first.receive(CHECK)
    wires = [first, connect(shop)]
    for wire in wires:
        wire.receive(OTHER)
    monkeypatch.setattr(web.RequestHandler, "data_received", _not_again)
    for wire in wires:
        wire.receive(CHECK)
    answers = [first.answers()[0], first.answers()[2], wires[1].answers()[1]]
    assert len({body for _, _, body in answers}) == 1
    assert all(same(headers) == same(answers[0][1]) for _, headers, _ in answers)
    assert len({headers["X-Request-Id"] for _, headers, _ in answers}) == 3


def _not_again(*_: object) -> None:
    raise AssertionError("This has been read before.")


@pytest.mark.parametrize(
    "before", [[], [CHECK], [BY_APPLICATION], [CHECK_IN], [HEALTH, CHECK], [CHECK_IN, BY_APPLICATION]]
)
@pytest.mark.parametrize("together", [False, True])
async def test_what_began_before_a_known_head_is_read_with_it(
    shop: House, before: list[bytes], *, together: bool
) -> None:
    connect(shop).receive(CHECK)
    wire, pieces = connect(shop), [*before, b"P"]
    for piece in [b"".join(pieces)] if together else pieces:
        wire.receive(piece)
    await wire.answered(len(before))
    wire.receive(CHECK)
    assert (await wire.answered(len(before) + 1))[-1][0] == b"HTTP/1.0 400 Bad Request"


async def test_a_head_with_an_id_of_its_own_is_not_kept(shop: House) -> None:
    wire, sent = connect(shop), request(BODY, "X-Request-Id: 5f0c6f3e-6d0a")
    for _ in range(3):
        wire.receive(sent)
    assert known(shop).find(sent) is None
    assert [headers["X-Request-Id"] for _, headers, _ in wire.answers()] == ["5f0c6f3e-6d0a"] * 3


async def test_what_is_wrong_behind_a_known_head_is_refused_as_ever(shop: House) -> None:
    wire = connect(shop)
    wire.receive(CHECK)
    wire.receive(request(BODY[:-1] + b"]"))
    assert (await wire.answered(2))[1][0] == b"HTTP/1.1 400 Bad Request"
    wire.receive(CHECK)
    assert len(await wire.answered(3)) == 3


async def test_only_what_the_lane_answered_is_known(shop: House) -> None:
    app_key = request(BODY, key=shop.keys["app"])
    for sent in (HEALTH, BY_APPLICATION, request(BODY, key="nobody's"), app_key):
        wire = connect(shop)
        wire.receive(sent)
        await wire.answered(1)
        assert (known(shop).find(sent) is not None) is (sent is app_key)


async def test_a_client_that_reads_nothing_is_not_written_to_behind_a_known_head(shop: House) -> None:
    wire = connect(shop)
    wire.receive(CHECK)
    assert wire.protocol is not None
    wire.protocol.pause_writing()
    wire.receive(CHECK)
    assert len(wire.answers()) == 1
    wire.protocol.resume_writing()
    assert len(await wire.answered(2)) == 2


async def test_a_connection_that_is_to_end_answers_no_known_head(shop: House) -> None:
    wire = connect(shop)
    wire.receive(CHECK)
    assert wire.protocol is not None
    wire.protocol.close()
    wire.receive(CHECK)
    assert len(wire.answers()) == 1


def a_stream(random: Random) -> list[bytes]:
    """Return what a client might send over one connection, in the pieces in which it arrives."""
    lines = CHECK.replace(b"Host: x\r\n", b"Host: x\n")
    usual = [CHECK, CHECK, OTHER, HEALTH, CHECK_IN, BY_APPLICATION, request(BODY[:-1] + b"]")]
    sent = [random.choice(usual) for _ in range(random.randint(1, 5))]
    sent += [random.choice([b"\r\n" + CHECK, lines, b"\x00" + CHECK, CHECK.replace(b"Host", b"Ho st"), CHECK])]
    if random.random() < 0.4:
        return sent
    text = b"".join(sent)
    ends = sorted({*random.sample(range(1, len(text)), random.randint(0, 4)), len(text)})
    return [text[begin:end] for begin, end in zip([0, *ends], ends, strict=False)]


async def said(wire: Wire, pieces: list[bytes], pauses: list[int]) -> list[tuple[bytes, object]]:
    """Return the answers to a stream of requests that ends with one more."""
    for piece, pause in zip(pieces, pauses, strict=True):
        wire.receive(piece)
        for _ in range(pause):
            await asyncio.sleep(0)
    wire.receive(b"GET /v1/products/none HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n\r\n" % ADMIN_KEY.encode())
    ends = [asyncio.create_task(wire.told(b"404 Not Found")), asyncio.create_task(wire.gone.wait())]
    _, waiting = await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
    for each in waiting:
        each.cancel()
    return [(status, without_id(body)) for status, _, body in wire.answers()]


async def test_no_answer_depends_on_which_heads_are_known(shop: House, monkeypatch: pytest.MonkeyPatch) -> None:
    random = Random(4411)
    streams = [a_stream(random) for _ in range(150)]
    pauses = [[random.choice([0, 1, 9]) for _ in stream] for stream in streams]
    await said(connect(shop), [CHECK, OTHER], [0, 0])
    heads = known(shop)
    assert heads.find(CHECK) is not None
    with_known = [await said(connect(shop), *each) for each in zip(streams, pauses, strict=True)]
    monkeypatch.setattr(heads, "find", lambda _: None)
    assert [await said(connect(shop), *each) for each in zip(streams, pauses, strict=True)] == with_known
    assert sum(b"400" in status for answers in with_known for status, _ in answers) > 20
