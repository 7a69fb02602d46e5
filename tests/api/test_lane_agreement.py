"""The lane and the application give one answer, whatever is asked."""

from __future__ import annotations

import json
from random import Random

from tests.api.checks_sent import TO_THE_APPLICATION, request
from tests.api.house import House
from tests.api.shop import FACTS
from tests.api.wire import connect


def a_value(random: Random) -> str:
    texts = ['"v2"', '"v1:x"', '""', '"é:☃"', '["b","a","b"]', "[]"]
    plain = [*texts, "12", "0", "-7", "2.5", "3.0", "1e3", "true", "null"]
    wild = ["NaN", "1e400", "9007199254740993", '"\\u0000"', '"\\ud800"', '"a\\"b"', '{"a":1}', "[[[]]]", "[1]", "'"]
    return random.choice(wild if random.random() < 0.05 else plain)


def a_fitting_value(random: Random, name: str) -> str:
    fitting = {
        "notebooks": ("0", "12", "12.0", "null"),
        "storage_format": ('"v1"', '"v2"', '"a: b"', '"é"'),
        "ratio": ("1", "2.5", "-0.0", "1e2"),
        "encrypted": ("true", "false"),
        "plugins": ("[]", '["b", "a", "b"]', '["x:y"]'),
        "engine": ('"1.2.3"', '"1.2.3-rc.1"', '"none"'),
    }
    return random.choice(fitting[name]) if name in fitting else a_value(random)


def an_object(random: Random, members: list[tuple[str, str]]) -> str:
    """Return the text of an object, now and then with a member twice, out of order or with room between."""
    if members and random.random() < 0.1:
        members = [*members, (random.choice(members)[0], a_value(random))]
    if random.random() < 0.2:
        random.shuffle(members)
    colon, comma = random.choice([(":", ","), (":", ","), (" : ", " ,\n"), (": ", ", ")])
    return "{" + comma.join(f'"{name}"{colon}{value}' for name, value in members) + "}"


def a_footprint(random: Random) -> str:
    names = [name for name in FACTS if random.random() < 0.6]
    if random.random() < 0.1:
        names.append(random.choice(["colour", "unheard_of", "Ünïcode", "a:b", ""]))
    fits = random.random() < 0.8
    return an_object(random, [(name, a_fitting_value(random, name) if fits else a_value(random)) for name in names])


def a_platform(random: Random) -> str:
    values = {
        "os": ('"macos"', "null", '""'),
        "os_version": ('"14.6.1"', '"Sonoma"', "null"),
        "arch": ('"arm64"',),
        "kernel": ('"6"',),
    }
    names = [name for name in ("os", "os_version", "arch") if random.random() < 0.7]
    names += ["kernel"] * (random.random() < 0.05)
    plain = random.random() < 0.7
    return an_object(random, [(name, values[name][0] if plain else random.choice(values[name])) for name in names])


def a_body(random: Random) -> bytes:
    """Return what a client might send: mostly a good question, sometimes not."""
    rare = random.random() < 0.15
    starts = ["4.1.3", "4.0.0", "4.2.0", "four"] if rare else ["4.1.3", "4.1.9"]
    targets = ['"4.2.0"', '"4.2.2"', "null", '"x"'] if rare else ['"4.2.0"', '"4.2.1"']
    members = [("product", random.choice(['"notes"'] * 9 + ['"none"'])), ("from", f'"{random.choice(starts)}"')]
    if random.random() < 0.8:
        members.append(("to", random.choice(targets)))
    if random.random() < 0.7:
        members.append(("platform", a_platform(random)))
    if random.random() < 0.9:
        members.append(("footprint", a_footprint(random)))
    if rare:
        more = [("explain", "true"), ("explain", "false"), ("as_of", "1"), ("accept", "[]"), ("install", "null")]
        members.append(random.choice([*more, ("colour", '"red"'), ("accept", '["NOTES-4411"]')]))
    body = an_object(random, members).encode()
    return random.choice([body[:-1], body + b"x", body.replace(b"n", b"\xff", 1)]) if random.random() < 0.03 else body


async def test_both_ways_give_one_answer_to_whatever_is_asked(shop: House) -> None:
    random, wire = Random(4411), connect(shop)
    at_once = 0
    for number in range(600):
        body = a_body(random)
        before = len(wire.written)
        wire.receive(request(body))
        at_once += len(wire.written) > before
        wire.receive(request(body, TO_THE_APPLICATION))
        one, other = (await wire.answered(2))[-2:]
        assert one[0] == other[0], (number, body)
        assert without_id(one[2]) == without_id(other[2]), (number, body)
        assert one[1].keys() == other[1].keys()
        wire.written.clear()
    assert 200 < at_once < 500


def without_id(body: bytes) -> object:
    answer = json.loads(body)
    answer.pop("request_id", None)
    return answer
