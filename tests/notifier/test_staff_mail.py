from __future__ import annotations

from email import message_from_bytes, policy

import pytest

from notifier.mails.build import Sender
from notifier.mails.dkim import Signer
from notifier.mails.dkim_keys import DkimKey, KeyKind, make_key
from notifier.mails.headers import UnsafeMail
from notifier.staff_mail import StaffMail, written
from tests.notifier.mails.dkim_reading import verified

SENDER = Sender("Notes Ltd", "care@notes.example")
KEY = DkimKey("w1", "notes.example", make_key(KeyKind.ED25519))
RECORDS = {f"{KEY.selector}._domainkey.{KEY.domain}.": KEY.record()}
LONG = "  A   line with  blanks, ümlauts and no end: " + "and so on " * 30
BODY = f"Nobody decided.\n\n{LONG}\n.\nFrom here on.\n\n\n"


def a_mail(**changes: str) -> StaffMail:
    values = {"address": "ada@notes.example", "subject": "Nobody has decided on NOTES-1", "body": BODY, **changes}
    return StaffMail(no=1, id="m1", subject_id="NOTES-1", made_at="2026-01-01T12:00:00.000000Z", attempts=1, **values)


def test_a_mail_to_our_own_people_is_signed_like_those_to_customers() -> None:
    assert verified(written(a_mail(), SENDER, Signer((KEY,))).content, RECORDS) == [True]


def test_it_reads_as_it_was_written() -> None:
    read = message_from_bytes(written(a_mail(), SENDER, Signer()).content, policy=policy.default)
    assert (read["Subject"], read["To"]) == ("Nobody has decided on NOTES-1", "ada@notes.example")
    text = read.get_content()
    assert text.split() == BODY.split()
    assert text.splitlines()[0] == "Nobody decided."


def test_a_title_adds_no_header() -> None:
    subject = "x\r\nBcc: eve@example.com =?utf-8?q?a=0d=0aBcc:_eve@x?="
    read = message_from_bytes(written(a_mail(subject=subject), SENDER, Signer()).content, policy=policy.default)
    assert read["Bcc"] is None


def test_an_address_that_is_none_is_refused() -> None:
    with pytest.raises(UnsafeMail):
        written(a_mail(address="ada@notes.example\r\nBcc: eve@example.com"), SENDER, Signer())
