"""A mail made of pieces is the mail that was meant: what a program that writes each one by itself would make."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notifier.mails.build import Envelope, Mail
from notifier.mails.facts import Line, MailFacts, Option, Outcome
from notifier.mails.headers import UnsafeMail, harmless
from notifier.mails.press import MASTERS, Press
from notifier.mails.quoted import LINE
from notifier.mails.render import Renderer
from notifier.states import NoticeKind
from risk import Exposure, Severity
from tests.notifier.mails.builders import NOTES_LTD, a_line, a_mail, an_envelope, some_facts
from tests.notifier.mails.test_letters import CASES

PRESS, RENDERER = Press(), Renderer()

#: What people have in their names, and what would break a mail that does not take care.
texts = st.text(max_size=40) | st.sampled_from(
    [
        "Zoë",
        "Ada  Brown ",
        ".",
        "..",
        "a=3D",
        "From me",
        "<b>&amp;</b>",
        "x\r\n.\r\nMAIL FROM:<e@evil.example>",
        "=?utf-8?q?hi=0d=0aBcc:_e?=",
        "%s %(x)s {facts}",
        "⟪1c⟫",
        "\u2028line\u2029 end\x85",
        "很" * 30,
        "\ud800",
        "a" * 200,
    ]
)
names = st.none() | texts
lines = st.builds(
    Line,
    install=texts,
    version=st.sampled_from(["4.1.3", "4.2.0", "4.2.1"]),
    exposure=st.none() | st.sampled_from(Exposure),
    because=st.lists(texts, max_size=2).map(tuple),
    missing=st.lists(texts, max_size=2).map(tuple),
    earlier=st.none() | st.just("4.1.3"),
)
options = st.builds(
    Option, index=st.just(0), kind=st.sampled_from(["wait", "roll_back", "repair", "credit"]), text=names, url=st.none()
)
moments = st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - the zone is `timezones`
facts = st.builds(
    some_facts,
    kind=st.sampled_from([NoticeKind.WARNING, NoticeKind.RECOVERY, NoticeKind.CORRECTION, NoticeKind.ALL_CLEAR]),
    vendor=texts,
    product=texts,
    customer=names,
    title=texts,
    summary=texts,
    severity=st.sampled_from(Severity),
    target=names,
    lines=st.lists(lines, min_size=1, max_size=4).map(tuple),
    options=st.lists(options, max_size=2).map(tuple),
    safe_version=st.none() | st.just("4.2.2"),
    changes=st.lists(texts, max_size=2).map(tuple),
    outcome=st.sampled_from(Outcome),
    fixed_in=st.none() | st.just("4.2.2"),
    reason=names,
    told_at=st.none() | moments,
    unsubscribe_url=st.none() | st.just("https://warn.notes.example/u/01JD.token"),
    locale=st.none() | st.sampled_from(["de-DE", "en-US"]),
    time_zone=st.none() | st.sampled_from(["Europe/Berlin", "nowhere"]),
    is_test=st.booleans(),
)


def read(mail: Mail) -> EmailMessage:
    return message_from_bytes(mail.content, policy=policy.default)


def text_of(message: EmailMessage, subtype: str) -> list[str]:
    part = message.get_body((subtype,))
    assert part is not None
    return str(part.get_content()).splitlines()


def written_alone(told: MailFacts, envelope: Envelope) -> EmailMessage:
    """Return the mail as `email.message` builds it, with its header in harmless texts."""
    rendered = RENDERER.render(told)
    message = EmailMessage(policy=policy.SMTP)
    message["Message-ID"] = envelope.message_id
    message["Date"] = envelope.date
    message["Subject"] = harmless(rendered.subject)
    # A surrogate alone is in no encoding; a mail holds a question mark in its place.
    for subtype, text in (("plain", rendered.text), ("html", rendered.html)):
        sent = text.encode("utf-8", "replace").decode()
        (message.add_alternative if subtype == "html" else message.set_content)(sent, subtype=subtype)
    return message


@settings(deadline=None, max_examples=25)
@given(facts)
def test_a_filled_mail_reads_the_same_as_one_that_is_written_alone(told: MailFacts) -> None:
    envelope = an_envelope()
    made, alone = read(PRESS.mail(told, envelope)), written_alone(told, envelope)
    assert text_of(made, "plain") == text_of(alone, "plain")
    assert text_of(made, "html") == text_of(alone, "html")
    assert made["Subject"].split() == alone["Subject"].split()
    assert (made["Message-ID"], made["Date"]) == (alone["Message-ID"], alone["Date"])


@settings(deadline=None, max_examples=25)
@given(facts)
def test_a_filled_mail_travels_and_needs_nothing_done_to_it(told: MailFacts) -> None:
    content = PRESS.mail(told, an_envelope()).content
    body = content.partition(b"\r\n\r\n")[2]
    assert content.count(b"\r") == content.count(b"\n") == content.count(b"\r\n")
    assert content.isascii()
    assert b"\0" not in content
    assert b"\n." not in content
    assert all(len(line) <= LINE + 1 for line in body.split(b"\r\n"))
    # DKIM's relaxed form of the body is the body.
    assert b"  " not in body
    assert b"\t" not in body
    assert b" \r\n" not in body
    assert body.endswith(b"--\r\n")


@settings(deadline=None, max_examples=10)
@given(facts, texts)
def test_the_mail_of_one_recipient_holds_nothing_of_another(told: MailFacts, name: str) -> None:
    press = Press()
    others = some_facts(**{**_fields(told), "customer": f"Mallory {name}", "url": "https://warn.notes.example/n/other"})
    before = press.mail(told, an_envelope())
    press.mail(others, an_envelope(recipient="mallory@example.com"))
    assert press.mail(told, an_envelope()) == before
    assert b"n/other" not in before.content


def _fields(told: MailFacts) -> dict[str, Any]:
    return {name: getattr(told, name) for name in MailFacts.__struct_fields__}


@pytest.mark.parametrize("told", CASES.values(), ids=CASES.keys())
def test_recipients_in_the_same_position_share_a_master(told: MailFacts) -> None:
    press = Press()
    one = press.master(told, NOTES_LTD, "notes")
    lines = tuple(a_line(install="other", version=each.version, exposure=each.exposure) for each in told.lines)
    other = some_facts(**{**_fields(told), "customer": "Bob", "url": "https://x.example/n/2", "lines": lines})
    assert press.master(other, NOTES_LTD, "notes") is one


def test_a_value_that_fills_a_line_leaves_room_for_the_break_behind_it() -> None:
    for length in range(20, LINE):
        line = a_line(because=(), missing=("x" * length,))
        body = PRESS.mail(some_facts(lines=(line, line)), an_envelope()).content.partition(b"\r\n\r\n")[2]
        assert max(map(len, body.split(b"\r\n"))) <= LINE + 1


def test_a_master_is_not_shared_where_the_words_differ() -> None:
    press = Press()
    recovery = {"kind": NoticeKind.RECOVERY, "options": ()}
    one = press.master(some_facts(**recovery, lines=(a_line(exposure=Exposure.ALREADY_UPGRADED),)), NOTES_LTD, "notes")
    two = (a_line(exposure=Exposure.ALREADY_UPGRADED), a_line(exposure=Exposure.ALREADY_UPGRADED, version="4.2.1"))
    assert press.master(some_facts(**recovery, lines=two), NOTES_LTD, "notes") is not one
    assert press.master(some_facts(**recovery, lines=two[1:]), NOTES_LTD, "notes") is not one
    assert press.master(some_facts(**recovery, customer=None, lines=two[:1]), NOTES_LTD, "notes") is not one


def test_so_many_masters_are_kept_and_no_more() -> None:
    press = Press()
    first = press.master(some_facts(), NOTES_LTD, "notes")
    told_at = datetime(2026, 11, 20, tzinfo=UTC)
    for minute in range(MASTERS):
        told = some_facts(kind=NoticeKind.CORRECTION, summary="", told_at=told_at + timedelta(minutes=minute))
        press.master(told, NOTES_LTD, "notes")
    assert press.master(some_facts(), NOTES_LTD, "notes") is not first


def test_a_second_attempt_is_the_same_to_the_byte_in_another_process() -> None:
    assert Press().mail(some_facts(), an_envelope()) == Press().mail(some_facts(), an_envelope())


@pytest.mark.parametrize("url", ["https://x/u/a\r\nBcc: eve@evil.example", "https://x/u/\x00", "https://x/ü"])
def test_a_link_that_a_header_cannot_hold_is_refused(url: str) -> None:
    with pytest.raises(UnsafeMail):
        a_mail(unsubscribe_url=url)
