"""Links carry a digest that only we can have made."""

from __future__ import annotations

import hashlib
import hmac
from base64 import urlsafe_b64encode

from hypothesis import given
from hypothesis import strategies as st

from notifier.tokens import DIGEST_BYTES, Links, Purpose, Tokens

texts = st.text(st.characters(), max_size=80)


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=150), texts, st.sampled_from(Purpose))
def test_a_token_is_the_hmac_of_its_purpose_and_its_subject(secret: str, subject: str, purpose: Purpose) -> None:
    said = f"link\0{purpose}\0".encode() + subject.encode("utf-8", "surrogatepass")
    digest = hmac.digest(secret.encode(), said, hashlib.sha256)[:DIGEST_BYTES]
    assert Tokens(secret).sign(purpose, subject) == f"{subject}.{urlsafe_b64encode(digest).decode().rstrip('=')}"


@given(texts)
def test_a_token_is_read_for_its_own_purpose_only(subject: str) -> None:
    tokens = Tokens("a secret")
    token = tokens.sign(Purpose.NOTICE, subject)
    assert tokens.read(Purpose.NOTICE, token) == subject
    assert tokens.read(Purpose.UNSUBSCRIBE, token) is None
    assert Tokens("another").read(Purpose.NOTICE, token) is None


def test_the_links_of_a_mail_are_those_that_are_asked_for_one_by_one() -> None:
    links = Links("https://warn.notes.example", Tokens("a secret"))
    assert links.of_mail("01JD") == (links.notice("01JD"), links.unsubscribe("01JD"))


def test_a_secret_is_not_shown() -> None:
    assert "a secret" not in repr(Tokens("a secret"))
