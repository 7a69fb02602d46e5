from __future__ import annotations

from typing import Any

import pytest

from feeds.closing import closed
from storage.outcomes import Invalid
from tests.feeds.builders import NOTES, a_report, entries

SCHEME = NOTES.vocabulary.scheme
OPEN = {"introduced": "4.2.0"}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ([OPEN], [{**OPEN, "fixed": "4.2.2"}]),
        ([{"introduced": "0"}], [{"introduced": "0", "fixed": "4.2.2"}]),
        ([{**OPEN, "fixed": "4.2.1"}], [{**OPEN, "fixed": "4.2.1"}]),
        ([{**OPEN, "fixed": "4.2.2"}], [{**OPEN, "fixed": "4.2.2"}]),
        ([{**OPEN, "last_affected": "4.2.1"}], [{**OPEN, "last_affected": "4.2.1"}]),
        ([{"versions": ["4.2.0"]}], [{"versions": ["4.2.0"]}]),
        ([OPEN, {"introduced": "5.0.0"}], [{**OPEN, "fixed": "4.2.2"}, {"introduced": "5.0.0"}]),
    ],
)
def test_the_ranges_that_are_open_below_the_release_end_there(
    before: list[dict[str, Any]], after: list[dict[str, Any]]
) -> None:
    assert closed(a_report(affected=before), "4.2.2", SCHEME).affected == entries(*after)


@pytest.mark.parametrize(
    ("affected", "fixed_in", "because"),
    [
        ([OPEN], "soon", "is not a semver version"),
        ([OPEN], "4.1.0", "older than every version"),
        ([OPEN], "4.2.0", "older than every version"),
        ([{"versions": ["4.2.1"]}], "4.2.0", "older than every version"),
        ([{**OPEN, "fixed": "4.3.0"}], "4.2.2", "has the defect by its own report"),
        ([{**OPEN, "last_affected": "4.2.2"}], "4.2.2", "has the defect by its own report"),
        ([OPEN, {"versions": ["4.2.2"]}], "4.2.2", "has the defect by its own report"),
    ],
)
def test_a_release_that_cannot_have_resolved_it_is_refused(
    affected: list[dict[str, Any]], fixed_in: str, because: str
) -> None:
    with pytest.raises(Invalid, match=because) as refusal:
        closed(a_report(affected=affected), fixed_in, SCHEME)
    assert [fault.at for fault in refusal.value.faults] == ["/fixed_in"]
