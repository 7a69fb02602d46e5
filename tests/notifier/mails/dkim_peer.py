"""dkimpy, which others wrote and use, asked as `dkim_reading` is."""

from __future__ import annotations

from collections.abc import Mapping

import dkim


def verified(message: bytes, records: Mapping[str, str]) -> list[bool]:
    """Tell for each DKIM-Signature of a message, from the top, whether it holds; `records` are TXT records by name.

    None holds that was made in the future by this machine's own clock.
    """
    names = [name.lower() for name, _ in dkim.DKIM(message).headers]
    return [_holds(message, place, records) for place in range(names.count(b"dkim-signature"))]


def _holds(message: bytes, place: int, records: Mapping[str, str]) -> bool:
    """Ask about one signature: where the body is another one dkimpy raises, where the header is it answers."""

    def record(name: bytes, **_: object) -> bytes:
        return records[name.decode()].encode()

    try:
        return bool(dkim.DKIM(message).verify(place, dnsfunc=record))
    except dkim.ValidationError:
        return False
