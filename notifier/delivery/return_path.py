"""Where mails come back to: an address for each notice, which only we can have made (VERP).

A report that follows no standard need not name the recipient; the address it comes to does.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass, field

#: 80 bits: what came back can be counted wrong at worst, and the part before the @ has room for 64 characters.
_DIGEST_BYTES = 10
_LOCAL_PART = 64
_TOKEN = re.compile(r"\+([0-9a-z-]+)\.([a-z2-7]{16})@", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ReturnPath:
    """Makes and reads envelope senders."""

    #: Such as bounces@notes.example: what stands behind a + in it must come to the same mailbox.
    mailbox: str
    secret: str = field(repr=False)

    def of(self, notice: str) -> str:
        """Return the envelope sender of a notice's mail."""
        name, _, domain = self.mailbox.rpartition("@")
        local_part = f"{name}+{notice}.{self._digest(notice)}"
        return f"{local_part}@{domain}" if len(local_part) <= _LOCAL_PART else self.mailbox

    def notice(self, address: str) -> str | None:
        """Return the notice whose mail went out from an address, None where we have not made it; in equal time.

        Servers on the way may change capitals, so they do not count.
        """
        found = _TOKEN.search(address)
        if found is None:
            return None
        notice = found[1].lower()
        return notice if hmac.compare_digest(found[2].lower(), self._digest(notice)) else None

    def _digest(self, notice: str) -> str:
        digest = hmac.digest(self.secret.encode(), f"return-path\0{notice}".encode(), hashlib.sha256)
        return base64.b32encode(digest[:_DIGEST_BYTES]).decode().lower()
