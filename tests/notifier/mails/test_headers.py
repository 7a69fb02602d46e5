"""No text of others adds a line to a mail's header, whatever is in it."""

from __future__ import annotations

import json
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from installs_registry.addresses import check_email
from notifier.mails.build import Mail, Sender
from notifier.mails.headers import LONGEST, UnsafeMail, address_line, harmless, plain_address, text_line
from notifier.states import NoticeKind
from tests.notifier.mails.builders import a_mail, an_envelope

NAMES = [
    "Message-ID",
    "Date",
    "From",
    "To",
    "Subject",
    "Auto-Submitted",
    "List-Id",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
    "MIME-Version",
    "Content-Type",
]

INJECTION = "=?utf-8?q?hi=0d=0aBcc:_e@evil.example?="


def parsed(mail: Mail) -> EmailMessage:
    return message_from_bytes(mail.content, policy=policy.default)


def raw_names(mail: Mail) -> list[str]:
    head = mail.content.partition(b"\r\n\r\n")[0]
    return [line.partition(b":")[0].decode() for line in head.split(b"\r\n") if line[:1] not in b" \t"]


def vectors(data: Path, key: str) -> list[str]:
    found: dict[str, Any] = json.loads((data / "security/email/header_injection_vectors.json").read_text("utf-8"))
    return list(found[key])


def test_every_vector_in_every_text_leaves_the_header_as_it_was(data: Path) -> None:
    for vector in vectors(data, "vectors"):
        texts = {"customer": vector, "product": vector, "title": vector, "target": vector, "summary": vector}
        mail = a_mail(an_envelope(sender=Sender(vector, "warnings@notes.example"), product=vector), **texts)
        assert raw_names(mail) == NAMES, vector
        assert parsed(mail).keys() == NAMES, vector
        # Written again by the policy that decodes, it still has no line of its own.
        again = parsed(mail).as_bytes(policy=policy.SMTP)
        assert b"\r\nBcc:" not in again.partition(b"\r\n\r\n")[0], vector


def test_every_vector_address_that_is_not_plain_is_refused(data: Path) -> None:
    taken = [each for each in vectors(data, "addresses") if _taken(each)]
    assert taken == ["a@xn--e1afmkfd.example"]


@given(st.text(st.sampled_from("aZ9.-+_@=?' é\n"), max_size=70) | st.from_regex(r"[a-z.+_-]{1,60}@[a-z0-9.-]{1,20}"))
def test_no_address_is_let_pass_that_may_not_be_stored(address: str) -> None:
    try:
        check_email(address)
    except ValueError:
        assert not _taken(address)
    else:
        assert _taken(address)


def _taken(address: str) -> bool:
    try:
        plain_address(address)
    except UnsafeMail:
        return False
    return True


@given(st.text())
def test_any_text_becomes_one_line_without_encoded_words(text: str) -> None:
    made = harmless(text)
    assert made == " ".join(made.split())
    assert made.isprintable() or not made.isascii()
    assert "=?" not in made
    assert len(made) <= LONGEST


@given(st.text())
def test_any_subject_is_folded_into_lines_that_travel(text: str) -> None:
    line = text_line("Subject", text)
    first, *rest = line.removesuffix("\r\n").split("\r\n")
    assert first.startswith("Subject: ")
    assert all(each.startswith((" ", "\t")) and each.strip() for each in rest)
    assert all(len(each) <= 998 and each.isascii() for each in (first, *rest))


@pytest.mark.parametrize("name", ["Ada Brown", "Brown, Ada", 'Ada "the" Brown', "Ädä", "Böll (Köln) <x@y>", ""])
def test_a_display_name_comes_back_as_it_was(name: str) -> None:
    line = address_line("To", name, "ada@example.com")
    message = message_from_bytes(line.encode(), policy=policy.default)
    [address] = message["To"].addresses
    assert (address.display_name, address.addr_spec) == (name, "ada@example.com")


def test_the_header_says_what_the_mail_is() -> None:
    mail = parsed(a_mail(an_envelope(answers="<first@notes.example>"), kind=NoticeKind.CORRECTION, changes=("X.",)))
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["List-Id"] == "<notes.notices.notes.example>"
    assert mail["List-Unsubscribe"] == "<https://warn.notes.example/u/token>"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert mail["In-Reply-To"] == mail["References"] == "<first@notes.example>"
    assert mail["Message-ID"] == "<01jd@notes.example>"


def test_an_address_of_two_is_refused() -> None:
    with pytest.raises(UnsafeMail):
        a_mail(an_envelope(recipient="ada@example.com, eve@evil.example"))


def test_a_message_id_with_a_line_end_is_refused() -> None:
    with pytest.raises(UnsafeMail):
        a_mail(an_envelope(answers="<x@y>\r\nBcc: eve@evil.example"))


def test_the_same_mail_is_the_same_bytes() -> None:
    assert a_mail() == a_mail()


def test_an_encoded_word_in_a_title_does_not_reach_the_subject() -> None:
    mail = a_mail(target=INJECTION)
    assert b"=?utf-8?q?hi" not in mail.content.partition(b"\r\n\r\n")[0]


@pytest.mark.parametrize(
    ("text", "name", "address"),
    [
        ("Notes Ltd <warnings@notes.example>", "Notes Ltd", "warnings@notes.example"),
        ("warnings@notes.example", "notes.example", "warnings@notes.example"),
        ("Forewarn <forewarn@localhost>", "Forewarn", "forewarn@localhost"),
    ],
)
def test_the_sender_is_read_from_one_text(text: str, name: str, address: str) -> None:
    assert Sender.parse(text) == Sender(name, address)
