"""The quick way to an ordinary mail writes what the general way writes, to the byte."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from notifier.mails.build import finished
from notifier.mails.dkim import Signer
from notifier.mails.dkim_keys import DkimKey, KeyKind, make_key
from notifier.mails.facts import Line, MailFacts, Option, Outcome
from notifier.mails.headers import UnsafeMail
from notifier.mails.heads import Moment
from notifier.mails.listing import head_of, said_of_one
from notifier.mails.press import Press
from notifier.mails.stencils import KEPT, Own
from notifier.states import NoticeKind
from risk import Exposure
from tests.notifier.mails.builders import NOTES_LTD, a_line, an_envelope, some_facts
from tests.notifier.mails.test_letters import CASES
from tests.notifier.mails.test_press import facts as any_facts
from tests.notifier.mails.test_press import texts as any_texts

PRESS = Press(Signer((DkimKey("w2", "notes.example", make_key(KeyKind.ED25519)),)))

#: What people are called, and what comes near to what would have to be encoded, escaped or broken into lines.
names = any_texts | st.text("ab .,:@()'-=&é", max_size=80)
lines = st.builds(
    Line,
    install=names,
    version=st.sampled_from(["4.1.3", "4.2.0"]),
    exposure=st.none() | st.sampled_from(Exposure),
    because=st.lists(st.sampled_from(["notebooks is 12", "storage_format is 'v2'", "x" * 80]), max_size=2).map(tuple),
    missing=st.lists(st.sampled_from(["notebooks", "<b>"]), max_size=1).map(tuple),
    earlier=st.none() | st.just("4.1.3"),
)
ordinary = st.builds(
    some_facts,
    kind=st.sampled_from([NoticeKind.WARNING, NoticeKind.RECOVERY, NoticeKind.CORRECTION, NoticeKind.ALL_CLEAR]),
    customer=st.none() | names,
    lines=st.lists(lines, min_size=1, max_size=2).map(tuple),
    options=st.sampled_from([(), (Option(index=0, kind="roll_back"),), (Option(index=0, kind="wait", text="a" * 90),)]),
    outcome=st.sampled_from(Outcome),
    safe_version=st.none() | st.just("4.2.2"),
    told_at=st.none() | st.datetimes(datetime(2026, 1, 1), datetime(2026, 1, 2), timezones=st.just(UTC)),  # noqa: DTZ001 - the zone is `timezones`
    locale=st.none() | st.sampled_from(["de-DE", "en-US"]),
    time_zone=st.none() | st.just("Europe/Berlin"),
    url=st.sampled_from(
        ["https://w.example/n/1", "https://warn.notes.example/n/" + "x" * 60, "https://w.example/?n=1"]
    ),
    unsubscribe_url=st.none() | st.just("https://warn.notes.example/u/" + "y." * 30),
)


@settings(deadline=None, max_examples=60)
@given(
    ordinary | any_facts,
    st.sampled_from(["ada@example.com", "a.b+c@mail.example"]),
    st.none() | st.just("<first@notes.example>"),
)
def test_a_quick_mail_is_the_general_one_to_the_byte(told: MailFacts, recipient: str, answers: str | None) -> None:
    envelope = an_envelope(recipient=recipient, answers=answers, returned="bounces+1@notes.example")
    general = PRESS.master(told, NOTES_LTD, "notes").filled(told, envelope, Moment.of(envelope))
    assert PRESS.mail(told, envelope) == finished([general])[0].whole()


@pytest.mark.parametrize("told", CASES.values(), ids=CASES.keys())
def test_every_kind_of_mail_on_one_install_has_a_quick_way(told: MailFacts) -> None:
    alone = structs.replace(told, lines=told.lines[:1])
    said = said_of_one(alone)
    stencil = PRESS.master(alone, NOTES_LTD, "notes").stencil(said)
    assert stencil is not None
    own = Own(
        "Ada Brown", head_of(alone.lines[0].install, alone.lines[0].version), told.url, told.unsubscribe_url or ""
    )
    assert PRESS.filled(stencil, own, said, an_envelope()) is not None


@pytest.mark.parametrize(
    "own",
    [
        {"name": "Ada <b>"},
        {"name": "Zoë"},
        {"name": "Ada  Brown"},
        {"name": " Ada"},
        {"name": ".Ada"},
        {"name": "Ada\nBcc: eve@evil.example"},
        {"name": "a" * 66},
        {"head": "a=b"},
        {"url": "https://w.example/?a&b"},
    ],
)
def test_what_must_be_encoded_or_broken_into_lines_goes_the_general_way(own: dict[str, str]) -> None:
    told = some_facts()
    said = said_of_one(told)
    stencil = PRESS.master(told, NOTES_LTD, "notes").stencil(said)
    assert stencil is not None
    usual = Own("Ada Brown", "ada-mac: version 4.1.3", told.url, "https://warn.notes.example/u/token")
    assert PRESS.filled(stencil, usual, said, an_envelope()) is not None
    assert PRESS.filled(stencil, usual._replace(**own), said, an_envelope()) is None


def test_an_address_that_is_none_is_refused_on_the_quick_way_too() -> None:
    with pytest.raises(UnsafeMail):
        PRESS.draft(some_facts(), an_envelope(recipient="ada@example.com, eve@evil.example"))


def test_what_is_said_of_an_install_may_hold_anything_and_be_another_for_each() -> None:
    for number in range(KEPT + 2):
        because = (f"notebooks is {number} & storage_format is 'v2'" + " so" * (number % 40),)
        told, envelope = some_facts(lines=(a_line(because=because),)), an_envelope()
        general = PRESS.master(told, NOTES_LTD, "notes").filled(told, envelope, Moment.of(envelope))
        assert PRESS.mail(told, envelope) == finished([general])[0].whole()
