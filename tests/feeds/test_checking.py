from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
import pytest

import risk
from feeds.checking import Checked, check
from feeds.types import DefectReport
from storage.outcomes import Invalid
from tests.feeds.builders import NOTES, a_report

FIXED = [{"introduced": "4.2.0", "fixed": "4.2.2"}]


def faults(**changes: object) -> list[str]:
    """The places that are at fault, in order; none where the report is taken."""
    return list(details(**changes))


def details(**changes: object) -> dict[str, str]:
    try:
        check(a_report(**changes), NOTES)
    except Invalid as refusal:
        return {fault.at: fault.detail for fault in refusal.faults}
    return {}


def test_a_report_that_can_be_meant_carries_its_condition_as_a_tree() -> None:
    checked = check(a_report(), NOTES)
    assert isinstance(checked, Checked)
    assert risk.names(risk.tree_from_json(checked.tree)) == {"notebooks"}


def test_without_a_condition_everyone_is_meant() -> None:
    assert check(a_report(condition=None), NOTES).tree is None


@pytest.mark.parametrize(
    ("entry", "at"),
    [
        ({"introduced": "four"}, "/affected/0/introduced"),
        ({"introduced": "4.2.0", "fixed": "4.2"}, "/affected/0/fixed"),
        ({"introduced": "4.2.0", "last_affected": "?"}, "/affected/0/last_affected"),
        ({"introduced": "4.2.0", "fixed": "4.2.0"}, "/affected/0/fixed"),
        ({"introduced": "4.2.0", "fixed": "4.1.0"}, "/affected/0/fixed"),
        ({"introduced": "4.2.0", "last_affected": "4.1.0"}, "/affected/0/last_affected"),
        ({"introduced": "4.2.0", "fixed": "4.2.2", "last_affected": "4.2.1"}, "/affected/0/last_affected"),
        ({"versions": ["4.2.0", "4.x"]}, "/affected/0/versions/1"),
        ({"versions": []}, "/affected/0/versions"),
        ({"versions": ["4.2.0"], "introduced": "4.2.0"}, "/affected/0/versions"),
        ({"fixed": "4.2.2"}, "/affected/0"),
        ({}, "/affected/0"),
    ],
)
def test_a_range_that_cannot_be_meant_is_shown_at_its_place(entry: dict[str, Any], at: str) -> None:
    assert faults(affected=[entry]) == [at]
    assert faults(upgrading_from=[{"introduced": "0", "fixed": "4.0.0"}, entry]) == [
        at.replace("/affected/0", "/upgrading_from/1")
    ]


@pytest.mark.parametrize(
    "affected",
    [
        [{"introduced": "0"}],
        [{"introduced": "0", "fixed": "4.2.2"}],
        [{"introduced": "4.2.0", "last_affected": "4.2.0"}],
        [{"versions": ["4.2.0", "4.2.1"]}, *FIXED],
        [{"versions": [f"4.2.{patch}" for patch in range(5_000)]}],
    ],
)
def test_ranges_that_can_be_meant_are_taken(affected: list[dict[str, Any]]) -> None:
    assert not faults(affected=affected)


def test_a_defect_without_a_range_is_refused_also_where_no_decoder_has_looked() -> None:
    report = msgspec.structs.replace(a_report(), affected=())
    with pytest.raises(Invalid) as refusal:
        check(report, NOTES)
    assert [fault.at for fault in refusal.value.faults] == ["/affected"]


def test_all_faults_are_named_at_once() -> None:
    assert faults(
        id="NOTES-1",
        product="other",
        title="two\nlines",
        affected=[{"introduced": "x"}, {"introduced": "4.2.0", "fixed": "y"}],
        condition="notebooks >",
        remedies=[{"kind": "upgrade_to"}, {"kind": "credit", "url": "ftp://example.com"}],
        references=[{"type": "evidence", "url": "javascript:alert(1)"}],
    ) == [
        "/product",
        "/title",
        "/affected/0/introduced",
        "/affected/1/fixed",
        "/condition",
        "/remedies/0/version",
        "/remedies/1/url",
        "/references/0/url",
    ]


@pytest.mark.parametrize("condition", ["notebooks > 'many'", "notebook > 0", "a >", "", "  ", "1", "a\x00"])
def test_a_condition_that_does_not_fit_the_product_is_refused(condition: str) -> None:
    assert faults(condition=condition) == ["/condition"]


def test_the_fault_of_a_condition_says_at_which_character() -> None:
    assert details(condition="notebooks > 0 && colour == 1")["/condition"].startswith("At character 18: ")


def test_a_remedy_may_not_point_into_the_affected_range() -> None:
    remedies = [{"kind": "upgrade_to", "version": "4.2.1"}, {"kind": "roll_back", "version": "4.1.9"}]
    found = details(affected=FIXED, remedies=remedies)
    assert found == {"/remedies/0/version": "4.2.1 has the defect itself: it is inside the affected range."}


def test_a_remedy_points_at_a_version_of_the_scheme() -> None:
    assert faults(remedies=[{"kind": "roll_back", "version": "back"}]) == ["/remedies/0/version"]


def test_no_more_than_a_thousand_faults_are_named() -> None:
    assert len(faults(affected=[{"versions": [f"x{number}" for number in range(3_000)]}])) == 1_000


@pytest.mark.parametrize(
    "address",
    [
        "ftp://example.com/x",
        "javascript:alert(1)",
        "//example.com/x",
        "https://",
        "https:///path",
        "http://[::1",
        "http://example.com:port/",
        "https://user:secret@example.com/",
        "https://example.com/a b",
        "https://example.com/\r\nBcc: x",
        "example.com",
    ],
)
def test_an_address_that_a_customer_cannot_open_is_refused(address: str) -> None:
    assert faults(references=[{"type": "evidence", "url": address}]) == ["/references/0/url"]
    assert faults(remedies=[{"kind": "credit", "url": address}]) == ["/remedies/0/url"]


@pytest.mark.parametrize("address", ["https://example.com", "http://example.com:8080/a?b=c#d", "HTTPS://EXAMPLE.COM/"])
def test_a_web_address_is_taken(address: str) -> None:
    assert not faults(references=[{"type": "evidence", "url": address}])


@pytest.mark.parametrize("character", ["\n", "\r", "\x00", "\x1b", "\x85", "\u2028", "\ud800"])
def test_a_title_is_one_line_of_text(character: str) -> None:
    assert faults(title=f"a{character}b") == ["/title"]


@pytest.mark.parametrize("character", ["\x00", "\x1b", "\ud800"])
def test_a_summary_and_a_remedy_hold_plain_text(character: str) -> None:
    remedies = [{"kind": "wait", "text": f"a{character}"}]
    assert faults(summary=f"a{character}", remedies=remedies) == ["/summary", "/remedies/0/text"]


def test_a_summary_has_lines_and_a_title_any_language() -> None:
    assert not faults(summary="One.\r\n\tTwo.\n", title="升级到 4.2 会删除笔记 — «いいえ» 🙂")


def test_an_id_with_a_line_break_behind_it_is_refused() -> None:
    report: DefectReport = msgspec.structs.replace(a_report(), id="NOTES-1\n")
    with pytest.raises(Invalid) as refusal:
        check(report, NOTES)
    assert [fault.at for fault in refusal.value.faults] == ["/id"]


def test_a_release_that_a_list_product_has_not_ordered_cannot_bound_a_range() -> None:
    vocabulary = replace(NOTES.vocabulary, scheme=risk.scheme("list", ["spring", "summer"]))
    listed = replace(NOTES, vocabulary=vocabulary)
    check(a_report(affected=[{"introduced": "spring", "fixed": "summer"}]), listed)
    with pytest.raises(Invalid) as refusal:
        check(a_report(affected=[{"introduced": "spring", "fixed": "autumn"}]), listed)
    assert [fault.at for fault in refusal.value.faults] == ["/affected/0/fixed"]
