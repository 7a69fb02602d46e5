"""Signatures that hold for what was signed, and for nothing else."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from hypothesis import given, settings

from notifier.mails.build import Envelope, Sender
from notifier.mails.dkim import Signer
from notifier.mails.dkim_keys import (
    BadKey,
    DkimKey,
    KeyKind,
    KeyPlace,
    make_key,
    read_key,
    record_strings,
    written_key,
)
from notifier.mails.facts import MailFacts
from notifier.mails.press import Press
from tests.notifier.mails import dkim_peer, dkim_reading
from tests.notifier.mails.builders import an_envelope, some_facts
from tests.notifier.mails.test_press import facts as any_facts

RSA = DkimKey("w1", "notes.example", make_key(KeyKind.RSA))
ED25519 = DkimKey("w2", "notes.example", make_key(KeyKind.ED25519))
RECORDS = {f"{each.selector}._domainkey.{each.domain}.": each.record() for each in (RSA, ED25519)}
BOTH = Press(Signer((RSA, ED25519)))
#: Past on any machine: dkimpy refuses what was signed in the future.
SIGNED_AT = datetime(2025, 1, 2, 12, tzinfo=UTC)

Reader = Callable[[bytes, Mapping[str, str]], list[bool]]
by_each_reader = pytest.mark.parametrize(
    "verified", [pytest.param(dkim_reading.verified, id="our reading"), pytest.param(dkim_peer.verified, id="dkimpy")]
)


def to_sign(**changes: Any) -> Envelope:
    return an_envelope(**{"date": SIGNED_AT, "answers": "<first@notes.example>", **changes})


def signed(**changes: Any) -> bytes:
    return BOTH.mail(some_facts(**changes), to_sign()).content


def vectors(data: Path) -> dict[str, Any]:
    return dict(json.loads((data / "delivery/dkim.json").read_text("utf-8")))


@by_each_reader
def test_what_checks_is_right_on_the_samples_of_the_rfc(verified: Reader, data: Path) -> None:
    found = vectors(data)
    for sample in found["messages_signed"]:
        raw = sample["raw"].replace("\n", "\r\n").encode()
        assert verified(raw, found["dns"])[0] is sample["verifies"]
        assert verified(raw.replace(b"dinner", b"supper"), found["dns"])[0] is False


@by_each_reader
def test_both_signatures_of_a_mail_hold(verified: Reader) -> None:
    assert verified(signed(), RECORDS) == [True, True]


@by_each_reader
def test_they_hold_where_the_subject_and_the_names_are_encoded(verified: Reader) -> None:
    told = some_facts(customer="Zoë Brückner 很", product="Notizbücher", title="Löscht Notizen 很")
    message = BOTH.mail(told, to_sign(sender=Sender("Notizbücher GmbH", "warnings@notes.example"))).content
    for encoded in (b"\r\nFrom: =?utf-8?", b"\r\nTo: =?utf-8?", b"\r\nSubject: =?utf-8?", b"Hello Zo=C3=AB"):
        assert encoded in message
    assert verified(message, RECORDS) == [True, True]


def test_the_key_of_rfc_8463_gives_the_record_that_it_names(data: Path) -> None:
    found = vectors(data)
    seed = base64.b64decode(found["ed25519_seed_b64"])
    key = DkimKey("brisbane", "football.example.com", ed25519.Ed25519PrivateKey.from_private_bytes(seed))
    assert key.record() == found["dns"]["brisbane._domainkey.football.example.com."]


def test_each_header_that_must_be_signed_is_signed_where_it_is_there(data: Path) -> None:
    message = signed()
    head = message.partition(b"\r\n\r\n")[0].decode()
    named = head.partition("h=")[2].partition(";")[0]
    names = [each.strip().lower() for each in named.split(":")]
    for wanted in vectors(data)["must_sign_headers_for_us"]:
        name = wanted.removesuffix("(oversign)").lower()
        there = f"\n{name}:" in head.lower()
        assert names.count(name) >= there + ("(oversign)" in wanted), wanted


@by_each_reader
@pytest.mark.parametrize(
    "name", ["From", "To", "Subject", "List-Unsubscribe", "List-Unsubscribe-Post", "List-Id", "Cc"]
)
def test_a_header_that_is_added_on_the_way_breaks_the_signature(verified: Reader, name: str) -> None:
    added = name.encode() + b": eve@evil.example\r\n"
    assert verified(added + signed(), RECORDS) == [False, False]
    head, _, body = signed().partition(b"\r\n\r\n")
    assert verified(head + b"\r\n" + added + b"\r\n" + body, RECORDS) == [False, False]


@by_each_reader
@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"Subject: Please do not", b"Subject: Please do"),
        (b"ada@example.com", b"eve@example.com"),
        (b"Please do not install Notes 4.2.0 yet\r\n\r\n", b"Please install Notes 4.2.0 now\r\n\r\n"),
        (b"List-Unsubscribe: <https://warn", b"List-Unsubscribe: <https://evil"),
        (b"In-Reply-To: <first", b"In-Reply-To: <other"),
    ],
)
def test_what_is_changed_on_the_way_breaks_the_signature(verified: Reader, before: bytes, after: bytes) -> None:
    assert before in signed()
    assert verified(signed().replace(before, after, 1), RECORDS) == [False, False]


@by_each_reader
def test_what_relays_may_do_does_not_break_it(verified: Reader) -> None:
    folded = signed().replace(b"Subject: Please do not", b"Subject:  Please\r\n\tdo  not")
    assert folded != signed()
    assert verified(folded, RECORDS) == [True, True]
    assert verified(signed() + b"\r\n\r\n", RECORDS) == [True, True]
    assert verified(b"Received: by relay.example\r\n" + signed(), RECORDS) == [True, True]


@by_each_reader
@settings(deadline=None, max_examples=15)
@given(told=any_facts)
def test_signatures_hold_whatever_is_in_the_mail(verified: Reader, told: MailFacts) -> None:
    assert verified(BOTH.mail(told, to_sign(answers=None)).content, RECORDS) == [True, True]


def test_the_signature_tells_when_it_was_made_and_has_short_lines() -> None:
    head = signed().partition(b"\r\nMessage-ID")[0]
    assert head.count(b"t=%d;" % SIGNED_AT.timestamp()) == 2
    assert max(map(len, head.split(b"\r\n"))) <= 90


def test_without_a_key_nothing_is_signed() -> None:
    assert b"DKIM-Signature" not in Press().mail(some_facts(), an_envelope()).content


@pytest.mark.parametrize("key", [RSA, ED25519])
def test_a_written_key_is_read_again(key: DkimKey, tmp_path: Path) -> None:
    place = KeyPlace("w1", "notes.example", tmp_path / "w1.pem")
    place.file.write_bytes(written_key(key.private))
    assert DkimKey.load(place).record() == key.record()
    assert "PRIVATE" not in repr(DkimKey.load(place))


def test_a_weak_key_another_kind_and_no_key_are_refused() -> None:
    weak = rsa.generate_private_key(public_exponent=65_537, key_size=1_024)  # noqa: S505 - to be refused
    other = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    for pem in (written_key(weak), other, b"", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"):
        with pytest.raises(BadKey):
            read_key(pem)


@pytest.mark.parametrize(
    "text", ["", "w1=/x", "w1._domainkey.=x", "w1._domainkey.notes.example=", "w 1._domainkey.a.b=x"]
)
def test_what_names_no_record_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="SELECTOR"):
        KeyPlace.parse(text)


def test_a_record_is_cut_into_strings() -> None:
    strings = record_strings(RSA.record())
    assert "".join(strings) == RSA.record()
    assert [len(each) for each in strings[:-1]] == [255] * (len(strings) - 1)
