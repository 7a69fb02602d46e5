"""A serving process looks for garbage less often, and not at all among what it began with."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from commands.serving.collecting import SELDOM, collect_seldom


@pytest.fixture
def collector() -> Iterator[None]:
    before = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*before)


@pytest.mark.usefixtures("collector")
def test_what_is_there_is_left_alone_and_the_rest_looked_at_less_often() -> None:
    frozen = gc.get_freeze_count()
    collect_seldom()
    assert gc.get_freeze_count() > frozen
    assert gc.get_threshold() == SELDOM


@pytest.mark.usefixtures("collector")
def test_garbage_that_refers_to_itself_is_still_found() -> None:
    collect_seldom()
    cycle: list[object] = []
    cycle.append(cycle)
    del cycle
    assert gc.collect() >= 1
