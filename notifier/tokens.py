"""Links that only we can have made: an id, and a keyed digest that says what the link is for.

A link in a mail must work without a sign-in, so it carries its own proof (RFC 8058, section 3.1, asks the same of
the unsubscribe link: opaque and hard to forge).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from binascii import b2a_base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from hashlib import _Hash as Hash

#: 128 bits: nobody guesses one, and the link stays short.
DIGEST_BYTES = 16
#: Bytes that SHA-256 takes in at once.
_BLOCK = 64
#: Base64 as it may stand in a path (RFC 4648, section 5).
_IN_A_PATH = bytes.maketrans(b"+/", b"-_")


class Purpose(StrEnum):
    """What a link lets its holder do; a token for one purpose is void for any other."""

    #: Open the notice's page, choose a remedy.
    NOTICE = "n"
    #: Ask for no more mail.
    UNSUBSCRIBE = "u"


class _Keyed(NamedTuple):
    """HMAC with SHA-256 (RFC 2104) by a key and for a purpose, both taken in: that is half of the work of a digest.

    `hmac` can be copied too, with three objects of its own for each digest.
    """

    inner: Hash
    outer: Hash

    @classmethod
    def of(cls, key: bytes, purpose: bytes) -> _Keyed:
        """Take the key and the purpose in."""
        block = (key if len(key) <= _BLOCK else hashlib.sha256(key).digest()).ljust(_BLOCK, b"\0")
        inner, outer = (hashlib.sha256(bytes(byte ^ pad for byte in block)) for pad in (0x36, 0x5C))
        inner.update(purpose)
        return cls(inner, outer)

    def digest(self, text: bytes) -> bytes:
        """Return the digest of the purpose and a text."""
        inner, outer = self.inner.copy(), self.outer.copy()
        inner.update(text)
        outer.update(inner.digest())
        return outer.digest()


@dataclass(frozen=True, slots=True)
class Tokens:
    """Makes and reads the tokens of one vendor."""

    secret: str = field(repr=False)
    _keyed: Mapping[Purpose, _Keyed] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Take the secret and the purposes in."""
        keyed = {purpose: _Keyed.of(self.secret.encode(), f"link\0{purpose}\0".encode()) for purpose in Purpose}
        object.__setattr__(self, "_keyed", keyed)

    def sign(self, purpose: Purpose, subject: str) -> str:
        """Return a token for `subject`, an id of ours; it is safe in a URL's path."""
        return f"{subject}.{self._digest(purpose, subject)}"

    def digests(self, subject: str) -> tuple[str, str]:
        """Return what stands behind `subject` and a dot in a token for each purpose, in their order."""
        text = subject.encode("utf-8", "surrogatepass")
        notice, unsubscribe = self._keyed.values()
        return _in_a_path(notice.digest(text)), _in_a_path(unsubscribe.digest(text))

    def read(self, purpose: Purpose, token: str) -> str | None:
        """Return the subject of a token made for `purpose`, None where it is not ours; in equal time."""
        subject, _, digest = token.rpartition(".")
        expected = self._digest(purpose, subject)
        return subject if hmac.compare_digest(digest.encode(), expected.encode()) else None

    def webhook_secret(self, recipient: str) -> str:
        """Return the secret that signs the webhook calls to one recipient, in the form of Standard Webhooks."""
        digest = hmac.digest(self.secret.encode(), f"webhook\0{recipient}".encode(), hashlib.sha256)
        return "whsec_" + base64.b64encode(digest).decode()

    def _digest(self, purpose: Purpose, subject: str) -> str:
        return _in_a_path(self._keyed[purpose].digest(subject.encode("utf-8", "surrogatepass")))


def _in_a_path(digest: bytes) -> str:
    return b2a_base64(digest[:DIGEST_BYTES], newline=False).translate(_IN_A_PATH, b"=").decode()


@dataclass(frozen=True, slots=True)
class Links:
    """The addresses that mails and answers point at."""

    #: Where customers reach the service, without a slash at its end.
    public_url: str
    tokens: Tokens

    def notice(self, notice: str) -> str:
        """Return the page of a notice, where its recipient chooses a remedy."""
        return f"{self.public_url}/n/{self.tokens.sign(Purpose.NOTICE, notice)}"

    def unsubscribe(self, notice: str) -> str:
        """Return where the recipient of a notice asks for no more mail; only a POST there counts."""
        return f"{self.public_url}/u/{self.tokens.sign(Purpose.UNSUBSCRIBE, notice)}"

    def of_mail(self, notice: str) -> tuple[str, str]:
        """Return both, as a mail has them."""
        page, leave = self.tokens.digests(notice)
        return f"{self.public_url}/n/{notice}.{page}", f"{self.public_url}/u/{notice}.{leave}"
