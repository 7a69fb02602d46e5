"""Checks as they go over the wire."""

from __future__ import annotations

import json

from tests.api.house import ADMIN_KEY, AT_RISK

QUESTION = {"product": "notes", "from": "4.1.3", "to": "4.2.0", "footprint": AT_RISK}
#: A header that leads past the lane, and changes nothing where no install is named.
TO_THE_APPLICATION = "Install-Token: 0123456789abcdef0123456789abcdef"


def request(body: bytes, *more: str, key: str = ADMIN_KEY, kind: str = "application/json") -> bytes:
    """Return a check as it goes over the wire."""
    lines = ["POST /v1/check HTTP/1.1", "Host: x", f"Content-Type: {kind}", f"Authorization: Bearer {key}", *more]
    return "\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""]).encode() + body


CHECK = request(json.dumps(QUESTION).encode())
