"""Everything at once, for long: no write is lost, no lock is in the way, and the memory does not grow."""

from __future__ import annotations

import sys

import pytest

from tests.journeys.soaking import OWN, WRITERS, Soak

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="a process's memory is read from /proc")

MIB = 2**20
#: Log lines that a healthy service writes under load.
FINE = {"debug", "info", None}
#: What it also says where the machine is busy with something else.
SLOW = {"slow_check"}


def soaked(url: str, seconds: float, growth: float) -> None:
    soak = Soak(url, seconds)
    soak.run()
    assert [line for line in soak.log if line.get("level") not in FINE and line.get("event") not in SLOW] == []
    assert len(soak.acknowledged) >= WRITERS * OWN
    assert soak.published > 0
    assert soak.checked > 0
    assert soak.growth() <= growth, soak.resident[:: max(1, len(soak.resident) // 40)]


def test_a_short_soak_loses_no_write_and_meets_no_lock(empty_url: str) -> None:
    # In seconds, caches and pools are still filling: only a leak per request would grow by this much.
    soaked(empty_url, 8, 40 * MIB)


@pytest.mark.torture
def test_ten_minutes_of_everything_at_once_do_not_make_the_memory_grow(empty_url: str) -> None:
    soaked(empty_url, 600, 12 * MIB)
