"""The pure rules of delivering, as tables."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest

from feeds.life import State
from feeds.types import AffectedEntry, DefectReport, RemedyOffer
from notifier.channels.failures import Cause, DeliveryFailed
from notifier.delivery.claims import Channel, Claimed
from notifier.delivery.describing import affected_words, changes
from notifier.delivery.fitting import misfit, options
from notifier.delivery.retrying import ATTEMPTS, FIRST_PAUSE, LONGEST_PAUSE, Patience, priority
from notifier.states import NoticeKind, NoticeState
from notifier.tokens import Purpose, Tokens
from risk import Exposure, Severity

NOW = datetime(2026, 1, 1, tzinfo=UTC)
AT_RISK, CANNOT_TELL = Exposure.AT_RISK, Exposure.CANNOT_TELL
UPGRADED, OWED = Exposure.ALREADY_UPGRADED, Exposure.REPAIR_OWED
WARNING, RECOVERY = NoticeKind.WARNING, NoticeKind.RECOVERY
CORRECTION, ALL_CLEAR = NoticeKind.CORRECTION, NoticeKind.ALL_CLEAR
PUBLISHED, RESOLVED, WITHDRAWN = State.PUBLISHED, State.RESOLVED, State.WITHDRAWN


def a_claim(*, attempts: int = 1, severity: Severity = Severity.DATA_LOSS, channel: Channel = "email") -> Claimed:
    return Claimed(
        no=1,
        notice_no=1,
        notice="n",
        generation=1,
        fence=1,
        attempts=attempts,
        channel=channel,
        address=None,
        message_id=None,
        kind=WARNING,
        defect_no=1,
        severity=severity,
        recipient=1,
    )


@pytest.mark.parametrize(
    ("kind", "state", "exposures", "told", "goes"),
    [
        (WARNING, PUBLISHED, [AT_RISK], False, True),
        (WARNING, PUBLISHED, [None, CANNOT_TELL], False, True),
        (WARNING, PUBLISHED, [UPGRADED], False, False),
        (WARNING, PUBLISHED, [None], False, False),
        (WARNING, PUBLISHED, [], False, False),
        (WARNING, RESOLVED, [AT_RISK], False, False),
        (WARNING, WITHDRAWN, [AT_RISK], False, False),
        (RECOVERY, PUBLISHED, [UPGRADED], False, True),
        (RECOVERY, RESOLVED, [UPGRADED], False, True),
        (RECOVERY, RESOLVED, [OWED], False, True),
        (RECOVERY, PUBLISHED, [AT_RISK], False, False),
        (RECOVERY, WITHDRAWN, [UPGRADED], False, False),
        (CORRECTION, PUBLISHED, [AT_RISK], True, True),
        (CORRECTION, PUBLISHED, [None], True, False),
        (CORRECTION, WITHDRAWN, [AT_RISK], True, False),
        (ALL_CLEAR, RESOLVED, [None], True, True),
        (ALL_CLEAR, RESOLVED, [UPGRADED], True, True),
        (ALL_CLEAR, WITHDRAWN, [None], True, True),
        (ALL_CLEAR, WITHDRAWN, [None], False, False),
        (ALL_CLEAR, PUBLISHED, [None], True, True),
        (ALL_CLEAR, PUBLISHED, [AT_RISK], True, False),
    ],
)
def test_a_notice_goes_only_while_it_fits(
    kind: NoticeKind, state: State, exposures: list[Exposure | None], *, told: bool, goes: bool
) -> None:
    assert (misfit(kind, state, exposures, was_told=told) is None) is goes


EVERY_REMEDY = [
    RemedyOffer(kind="wait"),
    RemedyOffer(kind="upgrade_to", version="4.2.2"),
    RemedyOffer(kind="roll_back"),
    RemedyOffer(kind="repair"),
    RemedyOffer(kind="credit"),
]


@pytest.mark.parametrize(
    ("kind", "exposure", "goes_back", "offered"),
    [
        (WARNING, AT_RISK, False, ["wait", "upgrade_to", "credit"]),
        (RECOVERY, UPGRADED, True, ["upgrade_to", "roll_back", "repair", "credit"]),
        (RECOVERY, UPGRADED, False, ["upgrade_to", "repair", "credit"]),
        (CORRECTION, CANNOT_TELL, False, ["wait", "upgrade_to", "credit"]),
        (CORRECTION, OWED, False, ["upgrade_to", "repair", "credit"]),
        (ALL_CLEAR, OWED, False, ["repair", "credit"]),
    ],
)
def test_only_what_is_of_use_is_offered(
    kind: NoticeKind, exposure: Exposure, *, goes_back: bool, offered: list[str]
) -> None:
    found = options(kind, EVERY_REMEDY, [exposure], goes_back=goes_back)
    assert [option.kind for option in found] == offered
    assert all(EVERY_REMEDY[option.index].kind == option.kind for option in found)


def test_pauses_double_up_to_the_longest_and_chance_only_shortens_them() -> None:
    longest = [Patience(_Always(1.0)).pause(attempts) for attempts in range(1, 30)]
    assert longest[:4] == [FIRST_PAUSE, FIRST_PAUSE * 2, FIRST_PAUSE * 4, FIRST_PAUSE * 8]
    assert longest[-1] == LONGEST_PAUSE
    assert Patience(_Always(0.0)).pause(5) == timedelta(0)


class _Always(random.Random):
    def __init__(self, value: float) -> None:
        super().__init__()
        self.value = value

    def random(self) -> float:
        return self.value


TEMPORARY = DeliveryFailed(Cause.CONNECTION, "no answer")
PERMANENT = DeliveryFailed(Cause.RECIPIENT, "no mailbox", permanent=True)
DOUBTFUL = DeliveryFailed(Cause.CONNECTION, "cut", in_doubt=True)


@pytest.mark.parametrize(
    ("failure", "claim", "after"),
    [
        (TEMPORARY, a_claim(), NoticeState.PENDING),
        (TEMPORARY, a_claim(attempts=ATTEMPTS[Severity.DATA_LOSS]), NoticeState.FAILED),
        (PERMANENT, a_claim(), NoticeState.FAILED),
        (DOUBTFUL, a_claim(), NoticeState.PENDING),
        (DOUBTFUL, a_claim(severity=Severity.OUTAGE), NoticeState.IN_DOUBT),
        (DOUBTFUL, a_claim(severity=Severity.OUTAGE, channel="webhook"), NoticeState.PENDING),
        (DOUBTFUL, a_claim(attempts=ATTEMPTS[Severity.DATA_LOSS]), NoticeState.IN_DOUBT),
    ],
)
def test_what_follows_a_failure(failure: DeliveryFailed, claim: Claimed, after: NoticeState) -> None:
    outcome = Patience(_Always(1.0)).failed(claim, failure, NOW)
    assert outcome.after is after
    assert outcome.doubtful is failure.in_doubt


def test_what_takes_back_a_wrong_warning_goes_first_then_the_gravest() -> None:
    ranks = [
        priority(ALL_CLEAR, Severity.COSMETIC, WITHDRAWN),
        *(priority(WARNING, severity, PUBLISHED) for severity in Severity),
    ]
    assert ranks == sorted(set(ranks))


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        (AffectedEntry(introduced="4.2.0", fixed="4.2.2"), "version 4.2.0 and later, before 4.2.2"),
        (AffectedEntry(introduced="4.2.0"), "version 4.2.0 and later"),
        (AffectedEntry(introduced="0", fixed="4.2.2"), "every version before 4.2.2"),
        (AffectedEntry(introduced="0", last_affected="4.2.1"), "every version up to 4.2.1"),
        (AffectedEntry(introduced="4.2.0", last_affected="4.2.1"), "versions 4.2.0 to 4.2.1"),
        (AffectedEntry(introduced="4.2.0", last_affected="4.2.0"), "version 4.2.0"),
        (AffectedEntry(versions=("4.2.0",)), "version 4.2.0"),
        (AffectedEntry(versions=("1", "2", "3")), "versions 1, 2 and 3"),
        (AffectedEntry(versions=tuple("1234567")), "versions 1, 2, 3, 4, 5 and 2 more"),
    ],
)
def test_affected_versions_are_told_in_words(entry: AffectedEntry, words: str) -> None:
    assert affected_words([entry]) == words


def a_report(**changes: object) -> DefectReport:
    values = {
        "product": "notes",
        "title": "T",
        "summary": "S",
        "severity": Severity.OUTAGE,
        "affected": (AffectedEntry(introduced="1", fixed="2"),),
        **changes,
    }
    return DefectReport(**values)  # type: ignore[arg-type]


def test_a_correction_names_each_thing_that_changed() -> None:
    before = a_report(remedies=(RemedyOffer(kind="wait"),))
    after = a_report(
        severity=Severity.DATA_LOSS,
        affected=(AffectedEntry(introduced="1", fixed="3"),),
        condition="notebooks > 0",
        remedies=(RemedyOffer(kind="upgrade_to", version="3"),),
    )
    assert changes(before, after) == (
        "It now concerns version 1 and later, before 3. Before, we wrote version 1 and later, before 2.",
        "It is graver than we thought.",
        "We know better now whom it concerns.",
        "New: install version 3.",
        "No longer offered: wait, and keep the version you have.",
    )


def test_a_correction_is_never_empty() -> None:
    assert changes(a_report(), a_report()) == ("We now say more clearly what to do.",)


def test_a_token_is_read_by_its_maker_for_its_purpose_only() -> None:
    tokens = Tokens("s" * 32)
    token = tokens.sign(Purpose.NOTICE, "01jd")
    assert tokens.read(Purpose.NOTICE, token) == "01jd"
    assert tokens.read(Purpose.UNSUBSCRIBE, token) is None
    assert Tokens("t" * 32).read(Purpose.NOTICE, token) is None
    assert tokens.read(Purpose.NOTICE, token.replace("01jd", "01je")) is None
    assert tokens.read(Purpose.NOTICE, "") is None
    assert tokens.read(Purpose.NOTICE, "ü.ü") is None


def test_each_recipient_has_a_webhook_secret_of_its_own() -> None:
    tokens = Tokens("s" * 32)
    assert tokens.webhook_secret("ada") != tokens.webhook_secret("bob")
    assert tokens.webhook_secret("ada").startswith("whsec_")
