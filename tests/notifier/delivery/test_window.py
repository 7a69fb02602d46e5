"""How many deliveries a process has in hand."""

from __future__ import annotations

from notifier.delivery.window import ABREAST, MOST, USUAL, Window

CONNECTIONS = 4
USUALLY, AT_MOST = CONNECTIONS * USUAL, CONNECTIONS * MOST


def test_more_is_claimed_when_half_has_gone() -> None:
    window = Window(CONNECTIONS)
    assert window.room(0) == USUALLY
    assert window.room(USUALLY // 2) == USUALLY // 2
    assert window.room(USUALLY // 2 + 1) == 0
    assert window.room(USUALLY) == 0


def test_the_first_batch_leaves_work_for_other_processes() -> None:
    window = Window(CONNECTIONS)
    window.filled(USUALLY, 1.0)
    assert window.size == USUALLY


def test_it_grows_where_mails_leave_quickly_and_no_further_than_its_bound() -> None:
    window = Window(CONNECTIONS)
    window.filled(USUALLY, 1.0)
    window.filled(USUALLY, 1.0 + ABREAST * 0.8)
    assert window.size == USUALLY / 0.8
    window.filled(USUALLY, 1.0 + ABREAST * 0.801)
    assert window.size == AT_MOST


def test_it_shrinks_when_they_leave_slowly_again_or_nothing_was_due() -> None:
    window = Window(CONNECTIONS)
    window.filled(USUALLY, 1.0)
    window.filled(USUALLY, 1.0)
    assert window.size == AT_MOST
    window.filled(0, 100.0)
    assert window.size == AT_MOST
    window.filled(3, 101.0)
    assert window.size == USUALLY
