"""Whether a notice still fits, and which remedies it may offer: rules 8 and 9 of the design as pure functions."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from feeds.life import State
from feeds.types import RemedyOffer
from notifier.mails.facts import Option
from notifier.states import NoticeKind
from risk import Exposure

_BEFORE = frozenset({Exposure.AT_RISK, Exposure.CANNOT_TELL})
_AFTER = frozenset({Exposure.ALREADY_UPGRADED, Exposure.REPAIR_OWED})

#: What is of no use to somebody who has not upgraded, and to somebody who has.
_TOO_EARLY = frozenset({"roll_back", "repair"})
_TOO_LATE = frozenset({"wait"})
#: What is still open to somebody when the fault is gone.
_AFTERWARDS = frozenset({"repair", "exchange", "credit", "contact"})


def misfit(kind: NoticeKind, state: State, exposures: Collection[Exposure | None], *, was_told: bool) -> str | None:
    """Return why a notice must not be sent any more, None where it still fits.

    `exposures` are its installs' as they are now; `was_told` says that a warning or a recovery on the defect has
    reached the recipient, or may have.
    """
    now = {exposure for exposure in exposures if exposure is not None}
    if kind is NoticeKind.ALL_CLEAR:
        return _untimely_all_clear(state, now, was_told=was_told)
    if state is State.WITHDRAWN:
        return "the defect was withdrawn"
    if kind is NoticeKind.WARNING:
        if state is not State.PUBLISHED:
            return "the defect is resolved"
        return None if now & _BEFORE else "none of its installs is at risk any more"
    if kind is NoticeKind.RECOVERY:
        return None if now & _AFTER else "none of its installs has an affected version any more"
    return None if now else "none of its installs is concerned any more"


def _untimely_all_clear(state: State, now: Collection[Exposure], *, was_told: bool) -> str | None:
    if not was_told:
        return "no warning had reached the recipient"
    if state is State.PUBLISHED and now:
        return "an install is concerned again"
    return None


def fits(kind: NoticeKind, exposure: Exposure | None) -> bool:
    """Return whether an install with this exposure is one that the notice speaks of."""
    if kind is NoticeKind.WARNING:
        return exposure in _BEFORE
    if kind is NoticeKind.RECOVERY:
        return exposure in _AFTER
    return kind is NoticeKind.ALL_CLEAR or exposure is not None


def options(
    kind: NoticeKind, remedies: Sequence[RemedyOffer], exposures: Collection[Exposure | None], *, goes_back: bool
) -> tuple[Option, ...]:
    """Return the remedies that a notice offers, in the defect's order.

    Going back is offered only where an install's earlier version was unaffected.
    """
    useless = _useless(kind, set(exposures))
    if not goes_back:
        useless |= {"roll_back"}
    return tuple(
        Option(index=index, kind=remedy.kind, text=remedy.text, version=remedy.version, url=remedy.url)
        for index, remedy in enumerate(remedies)
        if remedy.kind not in useless
    )


def _useless(kind: NoticeKind, exposures: Collection[Exposure | None]) -> set[str]:
    if kind is NoticeKind.ALL_CLEAR:
        everything = {*_TOO_EARLY, *_TOO_LATE, *_AFTERWARDS, "upgrade_to", "workaround", "back_up"}
        return everything - _AFTERWARDS
    useless: set[str] = set()
    if not _BEFORE.intersection(exposures):
        useless |= _TOO_LATE
    if not _AFTER.intersection(exposures):
        useless |= _TOO_EARLY
    return useless
