"""The table of the design: which change of exposure owes which notice."""

from __future__ import annotations

import pytest

from notifier.owed import Cause, notice_owed
from notifier.states import NoticeKind
from risk import Exposure, Severity

GROWING = [Cause.PUBLISHED, Cause.REVISED, Cause.REOPENED, Cause.RELEASE, Cause.DECLARATION, Cause.CHECK_IN]
RISK, UNSURE, TOO_LATE, REPAIR = Exposure


@pytest.mark.parametrize("cause", GROWING)
@pytest.mark.parametrize("after", [RISK, UNSURE])
def test_coming_to_be_at_risk_owes_a_warning(cause: Cause, after: Exposure) -> None:
    assert notice_owed(None, after, cause, Severity.DATA_LOSS) is NoticeKind.WARNING


@pytest.mark.parametrize("cause", GROWING)
@pytest.mark.parametrize("before", [None, RISK, UNSURE])
@pytest.mark.parametrize("after", [TOO_LATE, REPAIR])
def test_having_the_affected_version_owes_a_recovery(cause: Cause, before: Exposure | None, after: Exposure) -> None:
    assert notice_owed(before, after, cause, Severity.OUTAGE) is NoticeKind.RECOVERY


@pytest.mark.parametrize("before", [RISK, UNSURE, TOO_LATE, REPAIR])
def test_moving_to_safety_by_oneself_owes_nothing(before: Exposure) -> None:
    assert notice_owed(before, None, Cause.CHECK_IN, Severity.DATA_LOSS) is None


@pytest.mark.parametrize("before", [RISK, UNSURE, TOO_LATE, REPAIR])
def test_being_narrowed_out_owes_an_all_clear(before: Exposure) -> None:
    assert notice_owed(before, None, Cause.REVISED, Severity.DATA_LOSS) is NoticeKind.ALL_CLEAR


@pytest.mark.parametrize("exposure", list(Exposure))
def test_staying_exposed_owes_a_correction_only_where_it_is_told_anew(exposure: Exposure) -> None:
    def owed(*, told_anew: bool) -> NoticeKind | None:
        return notice_owed(exposure, exposure, Cause.REVISED, Severity.DATA_LOSS, told_anew=told_anew)

    assert owed(told_anew=True) is NoticeKind.CORRECTION
    assert owed(told_anew=False) is None


@pytest.mark.parametrize("cause", [Cause.RESOLVED, Cause.WITHDRAWN])
@pytest.mark.parametrize("after", [None, TOO_LATE])
def test_closing_owes_nothing_install_by_install(cause: Cause, after: Exposure | None) -> None:
    assert notice_owed(RISK, after, cause, Severity.DATA_LOSS) is None


@pytest.mark.parametrize("before", [None, *Exposure])
@pytest.mark.parametrize("after", [None, *Exposure])
@pytest.mark.parametrize("cause", list(Cause))
def test_a_cosmetic_defect_owes_nobody_a_mail(before: Exposure | None, after: Exposure | None, cause: Cause) -> None:
    assert notice_owed(before, after, cause, Severity.COSMETIC, told_anew=True) is None
