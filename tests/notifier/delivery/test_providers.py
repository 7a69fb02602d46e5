"""The limits of the large providers, compared with the collection that they follow."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from notifier.channels.failures import Cause, DeliveryFailed
from notifier.delivery.breaker import Breaker
from notifier.delivery.providers import Limits, Providers

NOW = datetime(2026, 1, 1, tzinfo=UTC)
PROVIDERS = Providers.load()


@pytest.fixture(scope="module")
def collected(data: Path) -> dict[str, Any]:
    text = (data / "delivery/provider_shaping.json").read_text("utf-8")
    return json.loads(text)  # type: ignore[no-any-return]


def limits(collected: dict[str, Any], **own: Any) -> tuple[int, int, str, int]:
    values = {**collected["default"], **own}
    rests = values.get("suspend_on", {"regex": "", "for_s": 0})
    return values["connection_limit"], values["max_deliveries_per_connection"], rests["regex"], rests["for_s"]


def ours(limits: Limits) -> tuple[int, int, str, int]:
    pattern = limits.rests_on.pattern if limits.rests_on else ""
    return limits.connections, limits.mails_per_connection, pattern, int(limits.rests_for)


def test_each_provider_of_the_collection_has_its_limits_here(collected: dict[str, Any]) -> None:
    known = {each.name: each for each in PROVIDERS.known}
    assert known.keys() == collected["providers"].keys()
    for name, own in collected["providers"].items():
        assert ours(known[name].limits) == limits(collected, **own), name
        assert known[name].exchangers == tuple(own.get("mx_suffix", ()))
        assert known[name].domains == ((own["domain"],) if "domain" in own else ())
    assert ours(PROVIDERS.default) == limits(collected)


def test_each_reply_that_asks_us_to_slow_down_pauses_the_lane(collected: dict[str, Any]) -> None:
    for pattern in collected["slow_down_on_reply"]["regex"]:
        said = re.sub(r"\\d\+", "7", pattern).replace("\\.", ".").replace("weren.t", "weren't")
        assert re.search(pattern, said)
        assert Breaker().failed(DeliveryFailed(Cause.REPUTATION, f"421 4.7.0 {said}"), NOW), pattern


@pytest.mark.parametrize(
    ("domain", "exchanger", "lane"),
    [
        ("gmail.com", "gmail-smtp-in.l.google.com", "google"),
        ("notes.example", "aspmx.l.google.com", "google"),
        ("hotmail.com", "hotmail-com.olc.protection.outlook.com", "outlook"),
        ("notes.example", "notes-example.mail.protection.outlook.com", "office365"),
        ("orange.fr", "smtp-in.orange.fr", "orange"),
        ("notes.example", "mx.notes.example", "mx.notes.example"),
        ("notes.example", "notgoogle.com", "notgoogle.com"),
    ],
)
def test_a_provider_is_known_by_its_exchanger_or_domain(domain: str, exchanger: str, lane: str) -> None:
    assert PROVIDERS.lane(domain, exchanger)[0] == lane
