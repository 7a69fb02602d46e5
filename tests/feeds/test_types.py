from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from feeds.life import State
from feeds.types import DefectReport, Hold, Reason

BODY: dict[str, Any] = {
    "id": "NOTES-4411",
    "product": "notes",
    "title": "Upgrading to 4.2 can erase notes kept in the v2 format",
    "summary": "Wait for 4.2.2.",
    "severity": "data-loss",
    "affected": [{"introduced": "4.2.0", "fixed": "4.2.2"}],
    "upgrading_from": [{"introduced": "0", "fixed": "4.2.0"}],
    "condition": "notebooks > 0 && storage_format in ['v1', 'v2']",
    "remedies": [
        {"kind": "wait", "text": "Wait."},
        {"kind": "upgrade_to", "version": "4.2.2"},
        {"kind": "credit", "text": "A month.", "url": "https://example.com/credit"},
    ],
    "references": [{"type": "evidence", "url": "https://example.com/4411"}],
}


def decoded(**changes: object) -> DefectReport:
    return msgspec.json.decode(json.dumps({**BODY, **changes}), type=DefectReport)


def test_a_full_report_comes_back_as_it_was_sent() -> None:
    assert json.loads(msgspec.json.encode(decoded())) == BODY


def test_what_is_absent_is_left_out_of_the_answer_and_null_means_absent() -> None:
    body = {name: BODY[name] for name in ("product", "title", "summary", "severity", "affected")}
    report = msgspec.convert({**body, "condition": None, "id": None}, DefectReport)
    assert json.loads(msgspec.json.encode(report)) == body


def test_an_entry_takes_at_least_five_thousand_versions() -> None:
    versions = [f"4.2.{patch}" for patch in range(5_000)]
    assert len(decoded(affected=[{"versions": versions}]).affected[0].versions or ()) == 5_000


@pytest.mark.parametrize(
    "changes",
    [
        {"colour": "red"},
        {"id": "no spaces"},
        {"id": "-begins-with-a-sign"},
        {"id": "x" * 65},
        {"title": ""},
        {"title": " \t"},
        {"title": "x" * 201},
        {"severity": "bad"},
        {"affected": []},
        {"affected": [{"from": "4.2.0"}]},
        {"condition": "x" * 4_001},
        {"remedies": [{"kind": "pray"}]},
        {"references": [{"url": "https://example.com"}]},
    ],
)
def test_what_a_report_cannot_hold_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        decoded(**changes)


def test_a_time_without_a_zone_is_refused() -> None:
    body = '{"reason": "Sales", "until": "2026-01-01T12:00:00"}'
    with pytest.raises(msgspec.ValidationError, match="timezone"):
        msgspec.json.decode(body, type=Hold)


def test_a_blank_reason_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode('{"reason": "  "}', type=Reason)


def test_a_state_is_its_word_in_json() -> None:
    assert msgspec.json.decode(msgspec.json.encode(State.DRAFT), type=State) is State.DRAFT
