"""The signature of a webhook call, by Standard Webhooks (https://www.standardwebhooks.com), scheme v1."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import datetime

PREFIX = "whsec_"


def signed_headers(secret: str, call: str, at: datetime, body: bytes) -> dict[str, str]:
    """Return the three headers that prove a call ours.

    `secret` is base64, with or without its prefix and padding; `call` is the id of the call, the same over all
    attempts. Raises ValueError for an empty secret.
    """
    timestamp = str(int(at.timestamp()))
    signed = b".".join((call.encode(), timestamp.encode(), body))
    digest = hmac.digest(_key(secret), signed, hashlib.sha256)
    return {
        "webhook-id": call,
        "webhook-timestamp": timestamp,
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }


def _key(secret: str) -> bytes:
    encoded = secret.removeprefix(PREFIX)
    key = base64.b64decode(encoded + "=" * (-len(encoded) % 4))
    if not key:
        raise ValueError("the secret of a webhook is empty")
    return key
