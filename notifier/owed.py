"""Which notice a change of exposure makes us owe: the table of the design, as a pure function."""

from __future__ import annotations

from enum import StrEnum

from notifier.states import NoticeKind
from risk import Exposure, Severity


class Cause(StrEnum):
    """What made us look at an install again."""

    PUBLISHED = "published"
    REVISED = "revised"
    REOPENED = "reopened"
    RELEASE = "release"
    DECLARATION = "declaration"
    CHECK_IN = "check_in"
    RESOLVED = "resolved"
    WITHDRAWN = "withdrawn"


_WARNED_OF = frozenset({Exposure.AT_RISK, Exposure.CANNOT_TELL})
_TOO_LATE_FOR_A_WARNING = frozenset({Exposure.ALREADY_UPGRADED, Exposure.REPAIR_OWED})
_CLOSING = frozenset({Cause.RESOLVED, Cause.WITHDRAWN})
_OUR_DOING = frozenset({Cause.REVISED, Cause.RELEASE})


def notice_owed(
    before: Exposure | None,
    after: Exposure | None,
    cause: Cause,
    severity: Severity,
    *,
    told_anew: bool = False,
) -> NoticeKind | None:
    """Return the notice that one install's change of exposure calls for, None where it calls for none.

    `told_anew` says that the affected range or the remedies changed, so that what was told before no longer holds.
    A CORRECTION and an ALL_CLEAR are owed only to recipients who were told: the caller looks that up. Resolving and
    withdrawing owe nothing install by install: they close the matter for all who were told, wherever those are now.
    """
    if severity is Severity.COSMETIC or cause in _CLOSING:
        return None
    if after is None:
        # The customer moved to a safe version by itself: the ledger says so, nobody needs a mail.
        return NoticeKind.ALL_CLEAR if cause in _OUR_DOING else None
    if after in _WARNED_OF and before is None:
        return NoticeKind.WARNING
    if after in _TOO_LATE_FOR_A_WARNING and before not in _TOO_LATE_FOR_A_WARNING:
        return NoticeKind.RECOVERY
    return NoticeKind.CORRECTION if told_anew else None


def notice_owed_sql(cause: Cause, severity: Severity, *, told_anew: bool = False) -> str:
    """Return `notice_owed` as SQL over the columns before and after: a CASE that yields the kind's name or NULL."""
    whens = [
        f"WHEN {_is('before', before)} AND {_is('after', after)} THEN '{kind.value}'"
        for before in (None, *Exposure)
        for after in (None, *Exposure)
        if (kind := notice_owed(before, after, cause, severity, told_anew=told_anew)) is not None
    ]
    return f"CASE {' '.join(whens)} END" if whens else "CAST(NULL AS TEXT)"


def _is(column: str, exposure: Exposure | None) -> str:
    return f"{column} IS NULL" if exposure is None else f"{column} = '{exposure.value}'"
