"""The lane and the application answer a check-in alike and leave the same rows."""

from __future__ import annotations

import json
from random import Random
from typing import Any

from structlog.testing import capture_logs

from tests.api.check_ins_sent import BODY, TO_THE_APPLICATION, request, turns
from tests.api.house import ADMIN_KEY, INSTALL_SECRET, OTHER_SECRET, House
from tests.api.shop import FACTS, OK
from tests.api.wire import connect


def same(headers: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name not in {"Date", "X-Request-Id", "Content-Length"}}


def known(body: bytes) -> object:
    """Return an answer without what is made by chance, and without what tells the two installs apart."""
    answer = json.loads(body)
    for name in ("request_id", "instance"):
        answer.pop(name, None)
    if "install" in answer:
        answer["install"].pop("install")
    for notice in answer.get("notices", ()):
        del notice["id"], notice["installs"]
    return answer


async def test_a_check_in_is_answered_as_the_application_answers_it_without_a_line_of_its_own(each_shop: House) -> None:
    wire = connect(each_shop)
    await turns()
    with capture_logs() as lines:
        wire.receive(request("i-1", BODY))
        (one,) = await wire.answered(1)
        assert lines == []
        wire.receive(request("i-1", BODY, kind=TO_THE_APPLICATION))
        _, other = await wire.answered(2)
    assert [line["event"] for line in lines] == ["request"]
    assert one[0] == other[0] == OK
    assert same(one[1]) == same(other[1])
    assert one[1].keys() == other[1].keys()
    assert known(one[2]) == known(other[2])
    assert json.loads(one[2])["notices"][0]["defect"] == "NOTES-4411"


def a_value(random: Random, name: str) -> str:
    fitting = {
        "notebooks": ("0", "12", "12.0", "null", "-3"),
        "storage_format": ('"v1"', '"v2"', '"a: b"', '"é"', "null"),
        "ratio": ("1", "2.5", "-0.0", "1e2"),
        "encrypted": ("true", "false"),
        "plugins": ("[]", '["b", "a", "b"]', '["x:y"]'),
        "engine": ('"1.2.3"', '"1.2.3-rc.1"'),
    }
    wild = ("true", '"v2"', "7", "1e400", "9007199254740993", '"\\u0000"', '"a\\"b"', '{"a":1}', "[[]]", "[1]", "NaN")
    return random.choice(fitting[name] if name in fitting and random.random() < 0.98 else wild)


def an_object(random: Random, members: list[tuple[str, str]]) -> str:
    """Return the text of an object, now and then with a member twice or with room between."""
    if members and random.random() < 0.02:
        members = [*members, random.choice(members)]
    colon, comma = random.choice([(":", ","), (":", ","), (" : ", " ,\n"), (": ", ", ")])
    return "{" + comma.join(f'"{name}"{colon}{value}' for name, value in members) + "}"


def a_body(random: Random) -> bytes:
    """Return what a client might send: mostly a good check-in."""
    version = random.choice([*['"4.1.3"', '"4.2.0"', '"4.2.2"', '"4.1.9"'] * 4, '"four"'])
    members = [("product", random.choice(['"notes"'] * 30 + ['"none"'])), ("version", version)]
    if random.random() < 0.9:
        names = [name for name in FACTS if random.random() < 0.6]
        names += random.choices(["colour", "unheard_of"], k=int(random.random() < 0.08))
        members.append(("footprint", an_object(random, [(name, a_value(random, name)) for name in names])))
    if random.random() < 0.5:
        platforms = [
            '{"os":"macos","os_version":"14.6.1"}',
            '{"arch":"arm64"}',
            "null",
            '{"os_version":"Sonoma"}',
            "{}",
        ]
        members.append(("platform", random.choice([*platforms[:3] * 3, *platforms])))
    if random.random() < 0.3:
        customers = ['"c-1"', '"c-1"', "null", '"nobody"']
        members.append(("customer", random.choice(customers)))
    if random.random() < 0.1:
        members.append(random.choice([("acquired_through", '"store"'), ("claim", '"WRONG"'), ("colour", "1")]))
    return an_object(random, members).encode()


async def rows(house: House) -> dict[str, list[dict[str, Any]]]:
    """Return what check-ins have written, by what the installs of each of the two ways are called behind the dash."""
    tables = {
        "installs": "SELECT i.id, i.version_no, i.customer_no, i.os, i.os_version, i.arch, i.acquired_through,"
        " i.token_hash FROM installs i",
        "footprints": "SELECT i.id, f.* FROM footprint_1 f JOIN installs i ON i.no = f.install_no",
        "versions": "SELECT i.id, h.version_no FROM install_versions h JOIN installs i ON i.no = h.install_no",
        "changes": "SELECT i.id, c.facts FROM footprint_changes c JOIN installs i ON i.no = c.install_no",
        "exposures": "SELECT i.id, e.defect_no, e.state FROM exposures e JOIN installs i ON i.no = e.install_no",
    }
    found = {}
    for name, text in tables.items():
        read = await house.parts.database.read(lambda tx, text=text: tx.built(text, {}))  # type: ignore[misc]
        found[name] = [{key: value for key, value in row.items() if key != "install_no"} for row in read]
    return found


def of_way(way: str, found: dict[str, list[dict[str, Any]]]) -> dict[str, list[str]]:
    mine = {name: [row for row in table if row["id"].startswith(way)] for name, table in found.items()}
    return {
        name: sorted(repr({**row, "id": row["id"].removeprefix(way)}) for row in table) for name, table in mine.items()
    }


async def test_both_ways_give_the_same_answers_and_leave_the_same_rows(each_shop: House) -> None:
    await each_shop.put("/v1/customers/c-1", {"name": "Ann"})
    random, wire, other_wire = Random(4411), connect(each_shop), connect(each_shop)
    await turns()
    keys = [(ADMIN_KEY, ())] * 8 + [
        (each_shop.keys["app"], (f"Install-Token: {INSTALL_SECRET}",)),
        (each_shop.keys["app"], (f"Install-Token: {OTHER_SECRET}",)),
        (each_shop.keys["app"], ()),
        (each_shop.keys["app"], ("Install-Token: short",)),
        (each_shop.keys["viewer"], ()),
    ]
    in_the_lane = 0
    for number in range(250):
        body, install, (key, more) = a_body(random), random.randrange(8), random.choice(keys)
        with capture_logs() as lines:
            wire.receive(request(f"a-{install}", body, *more, key=key))
            one = (await wire.answered(1))[-1]
        in_the_lane += lines == []
        other_wire.receive(request(f"b-{install}", body, *more, key=key, kind=TO_THE_APPLICATION))
        other = (await other_wire.answered(1))[-1]
        assert one[0] == other[0], (number, body)
        assert known(one[2]) == known(other[2]), (number, body)
        assert same(one[1]) == same(other[1])
        wire.written.clear()
        other_wire.written.clear()
    assert 60 < in_the_lane < 230
    found = await rows(each_shop)
    assert found["changes"]
    assert found["exposures"]
    assert of_way("a-", found) == of_way("b-", found)
