"""What a message that came back says, on a collection of real ones."""

from __future__ import annotations

import json
from base64 import b64decode
from pathlib import Path
from typing import Any

import pytest

from notifier.channels.failures import Cause
from notifier.delivery.return_path import ReturnPath
from notifier.delivery.returned import read

#: Where we decide otherwise than the collection, and why.
OTHERWISE: dict[str, str | None] = {
    # Failures that name no recipient: the collection lists recipients only; ours is known by the address it came to.
    "bounce_01": "failed",
    "dumbass_01": "failed",
    # From a person's address and in a person's words, so that it could be an answer.
    "simple_20": None,
    # In Chinese, without a word or a number that tells why.
    "sina_01": None,
}
#: The report on one of its two recipients lies outside the part that is for reports.
INCOMPLETE = {"netscape_01"}


@pytest.fixture(scope="module")
def messages(data: Path) -> list[dict[str, Any]]:
    return json.loads((data / "delivery/bounces_flufl.json").read_text("utf-8"))["messages"]  # type: ignore[no-any-return]


def meant(message: dict[str, Any]) -> str | None:
    if message["name"] in OTHERWISE:
        return OTHERWISE[message["name"]]
    return "failed" if message["permanent"] else "delayed" if message["temporary"] else None


def test_all_collected_messages_are_read_as_failed_delayed_or_neither(messages: list[dict[str, Any]]) -> None:
    wrong = []
    for message in messages:
        reports = read(b64decode(message["raw_b64"])).reports
        found = None if not reports else "failed" if any(each.failed for each in reports) else "delayed"
        if found != meant(message):
            wrong.append((message["name"], found, meant(message)))
    assert wrong == []
    assert len(messages) > 100


def test_reports_by_the_standard_name_their_recipients(messages: list[dict[str, Any]]) -> None:
    standard = [each for each in messages if each["rfc3464"] and each["name"] not in INCOMPLETE]
    for message in standard:
        named = {each.address for each in read(b64decode(message["raw_b64"])).reports}
        assert named == {each.lower() for each in message["permanent"] + message["temporary"]}, message["name"]
    assert len(standard) > 20


def test_a_delay_is_never_permanent_and_a_full_mailbox_neither(messages: list[dict[str, Any]]) -> None:
    for message in messages:
        for report in read(b64decode(message["raw_b64"])).reports:
            if message["temporary"] or "quota" in report.reply.lower():
                assert not report.permanent, message["name"]


@pytest.mark.parametrize(
    ("name", "cause", "permanent"),
    [
        ("dsn_11", Cause.RECIPIENT, True),
        ("dsn_14", Cause.RECIPIENT, True),
        ("dsn_16", Cause.RECIPIENT, True),
        ("dsn_17", Cause.RECIPIENT, False),
        ("dsn_05", Cause.CONNECTION, False),
        ("simple_42", Cause.REPUTATION, False),
        ("simple_05", Cause.RECIPIENT, True),
        ("simple_38", Cause.RECIPIENT, False),
        ("yahoo_03", Cause.RECIPIENT, True),
        ("simple_10", Cause.REPUTATION, False),
    ],
)
def test_the_cause_is_told(messages: list[dict[str, Any]], name: str, cause: Cause, *, permanent: bool) -> None:
    [message] = [each for each in messages if each["name"] == name]
    report = read(b64decode(message["raw_b64"])).reports[0]
    assert (report.cause, report.permanent) == (cause, permanent)


def test_an_absence_notice_says_nothing_of_a_delivery() -> None:
    notice = (
        b"From: Ada <ada@example.com>\r\nTo: bounces@notes.example\r\nAuto-Submitted: auto-replied\r\n"
        b"Subject: Away: upgrading failed\r\n\r\nI am away. Your message could not be delivered to me.\r\n"
    )
    assert read(notice).reports == ()


def test_an_address_to_come_back_to_is_read_by_its_maker_only_and_in_any_capitals() -> None:
    path = ReturnPath("bounces@notes.example", "s" * 32)
    address = path.of("01jd8x")
    assert address.startswith("bounces+01jd8x.")
    assert path.notice(address) == path.notice(address.upper()) == "01jd8x"
    assert path.notice(address.replace("01jd8x", "01jd8y")) is None
    assert ReturnPath("bounces@notes.example", "t" * 32).notice(address) is None
    assert path.notice("bounces@notes.example") is None
