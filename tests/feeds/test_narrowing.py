from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import risk
from feeds.narrowing import narrows
from feeds.ranges import as_ranges
from tests.feeds.builders import NOTES, a_revision, entries

SCHEME = NOTES.vocabulary.scheme
LIVE: dict[str, Any] = {
    "severity": "outage",
    "affected": [{"introduced": "4.2.0", "fixed": "4.3.0"}],
    "upgrading_from": [{"introduced": "3.0.0", "fixed": "4.2.0"}],
    "condition": "notebooks > 0",
    "remedies": [{"kind": "repair", "text": "Run the repair."}],
}

WIDENING: list[dict[str, Any]] = [
    {},
    {"title": "Said better", "summary": "And longer."},
    {"references": [{"type": "evidence", "url": "https://example.com"}]},
    {"remedies": [{"kind": "repair"}, {"kind": "wait"}]},
    {"severity": "data-loss"},
    {"affected": [{"introduced": "4.1.0", "fixed": "4.3.0"}]},
    {"affected": [{"introduced": "4.2.0"}]},
    {"affected": [{"introduced": "0"}]},
    {"affected": [{"introduced": "4.2.0", "last_affected": "4.3.0"}]},
    {"affected": [{"introduced": "4.2.0", "fixed": "4.2.5"}, {"introduced": "4.2.5", "fixed": "4.3.0"}]},
    {"affected": [{"introduced": "4.2.0", "fixed": "4.3.0"}, {"versions": ["5.0.0"]}]},
    {"upgrading_from": []},
    {"upgrading_from": [{"introduced": "0", "fixed": "4.2.0"}]},
    {"condition": None},
    {"condition": "(notebooks) > 0"},
]

NARROWING: list[dict[str, Any]] = [
    {"severity": "degraded"},
    {"affected": [{"introduced": "4.2.1", "fixed": "4.3.0"}]},
    {"affected": [{"introduced": "4.2.0", "fixed": "4.2.9"}]},
    {"affected": [{"introduced": "4.2.0", "last_affected": "4.2.9"}]},
    {"affected": [{"versions": ["4.2.0", "4.2.1"]}]},
    {"affected": [{"introduced": "4.1.0", "fixed": "4.2.5"}]},
    {"affected": [{"introduced": "4.2.0", "fixed": "4.2.4"}, {"introduced": "4.2.5", "fixed": "4.3.0"}]},
    {"upgrading_from": [{"introduced": "4.0.0", "fixed": "4.2.0"}]},
    {"condition": "notebooks > 1"},
    {"condition": "notebooks > 0 || storage_format == 'v1'"},
    {"remedies": [{"kind": "wait"}]},
]


@pytest.mark.parametrize("changes", WIDENING)
def test_a_widening_or_a_change_of_words_does_not_narrow(changes: dict[str, Any]) -> None:
    assert not narrows(a_revision(**LIVE), a_revision(**{**LIVE, **changes}), SCHEME)


@pytest.mark.parametrize("changes", NARROWING)
def test_what_could_take_the_warning_from_anyone_narrows(changes: dict[str, Any]) -> None:
    assert narrows(a_revision(**LIVE), a_revision(**{**LIVE, **changes}), SCHEME)


def test_to_name_the_versions_an_upgrade_is_harmed_from_narrows_where_all_were_meant() -> None:
    everyone = a_revision(**{**LIVE, "upgrading_from": []})
    assert narrows(everyone, a_revision(**LIVE), SCHEME)


def test_a_condition_where_there_was_none_narrows() -> None:
    assert narrows(a_revision(condition=None), a_revision(condition="notebooks > 0"), SCHEME)


VERSIONS = [f"{major}.{minor}.0" for major in range(3) for minor in range(3)]
BOUND = st.integers(0, len(VERSIONS) - 2)


@st.composite
def an_entry(draw: st.DrawFn) -> dict[str, Any]:
    low = draw(BOUND)
    if draw(st.booleans()):
        return {"versions": VERSIONS[low : low + 2]}
    high = draw(st.integers(low + 1, len(VERSIONS) - 1))
    end = draw(st.sampled_from(["fixed", "last_affected", "open"]))
    return {"introduced": VERSIONS[low]} | ({} if end == "open" else {end: VERSIONS[high]})


@given(st.lists(an_entry(), min_size=1, max_size=3), st.lists(an_entry(), min_size=1, max_size=3))
def test_what_does_not_narrow_holds_every_version_that_was_affected(
    old: list[dict[str, Any]], new: list[dict[str, Any]]
) -> None:
    if narrows(a_revision(affected=old), a_revision(affected=new), SCHEME):
        return
    before, after = (risk.compile_ranges(as_ranges(entries(*each)), SCHEME) for each in (old, new))
    keys = [SCHEME.key(version) for version in (*VERSIONS, "0.0.1", "1.1.1", "9.9.9")]
    assert all(key in after for key in keys if key in before)
