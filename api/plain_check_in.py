"""The plain check-in, read where it arrives: an install's id in the path, a body in JSON, nothing else.

Nearly every check-in is one. Whatever else a request holds, and whatever is wrong with it, is left to `api.check_ins`.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec
from aiohttp.http import RawRequestMessage
from msgspec import UNSET
from multidict import istr

from api import json_text
from api.keys import Key
from installs_registry.types import TOKEN_LENGTH, CheckIn, Platform
from notifier.registering import Reported, Reporter

PREFIX: Final = "/v1/installs/"
#: The path as the route table has it.
PATH: Final = PREFIX + "{install}"

_INSTALL_TOKEN: Final = istr("Install-Token")
_IDEMPOTENCY_KEY: Final = istr("Idempotency-Key")
#: An id with nothing in it that a reader of addresses could take for something else: no escape, no step upwards.
_PLAIN_ID: Final = re.compile(r"[A-Za-z0-9_~-][A-Za-z0-9._~-]{0,199}")
_TOKEN: Final = re.compile(f"[!-~]{{{TOKEN_LENGTH[0]},{TOKEN_LENGTH[1]}}}")
_START: Final = len(PREFIX)


class PlainCheckIns:
    """Reads plain check-ins."""

    def __init__(self) -> None:
        self._decode = msgspec.json.Decoder(CheckIn).decode

    def read(self, key: Key, message: RawRequestMessage, body: bytes) -> Reported | None:
        """Return the check-in, None where it is not plain or something is wrong with it.

        Raises whatever reading it raises, which means the same as None.
        """
        install, headers = message.path[_START:], message.headers
        if _IDEMPOTENCY_KEY in headers or not _PLAIN_ID.fullmatch(install):
            return None
        token = None
        if _INSTALL_TOKEN in headers:
            (token,) = headers.getall(_INSTALL_TOKEN)
            if not _TOKEN.fullmatch(token):
                return None
        check_in = self._decode(body)
        # A claim code is counted as an attempt; what could hide in an escape is looked for at leisure.
        if check_in.claim is not UNSET or b"\\" in body:
            return None
        if body.count(b":") != _members(check_in) and json_text.may_hide_something(body):
            return None
        return Reported(install, check_in, Reporter(token, key.product_no))


def _members(check_in: CheckIn) -> int:
    """Return how many different members a check-in's objects have, those of facts that are objects left out.

    A text with as many colons as that has no member twice (`api.plain_check`).
    """
    footprint, platform = check_in.footprint, check_in.platform
    count = 2 + (check_in.customer is not UNSET) + (check_in.acquired_through is not UNSET)
    if footprint is not UNSET:
        count += 1 + len(footprint)
    if platform is not UNSET:
        count += 1
        if isinstance(platform, Platform):
            count += (platform.os is not UNSET) + (platform.os_version is not UNSET) + (platform.arch is not UNSET)
    return count
