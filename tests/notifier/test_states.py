"""The states of a notice: the table, its page, and what the table refuses."""

from __future__ import annotations

from pathlib import Path

import pytest

from notifier.states import PROSE, TRANSITIONS, NoticeState, page, require_legal


def test_the_page_is_in_step_with_the_table() -> None:
    assert (Path(__file__).parents[2] / "docs" / "notice-states.md").read_text() == page()


def test_every_state_has_prose_and_is_reached() -> None:
    assert set(PROSE) == set(NoticeState)
    assert {after for _, after in TRANSITIONS} == set(NoticeState)


@pytest.mark.parametrize("ended", [NoticeState.FAILED, NoticeState.CANCELLED])
def test_nothing_leads_out_of_an_end(ended: NoticeState) -> None:
    for after in NoticeState:
        with pytest.raises(ValueError, match="nothing leads from"):
            require_legal(ended, after)
