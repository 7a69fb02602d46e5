"""Ids of our own: ULIDs in lower case, which sort by the time they were made.

Source: https://github.com/ulid/spec (48 bits of Unix milliseconds, 80 random bits, Crockford's base 32).
"""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
LENGTH = 26
RANDOM_BITS = 80
#: The last characters of an id, those that chance makes.
RANDOM_DIGITS = RANDOM_BITS // 5
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def new_id(now: datetime) -> str:
    """Return an id of 26 characters; two of the same millisecond are in no order.

    Raises OverflowError for a moment before 1970, which would not sort.
    """
    # In whole numbers: a timestamp is a float, which puts two moments a millisecond apart into one.
    milliseconds = (now - _EPOCH) // timedelta(milliseconds=1)
    if milliseconds < 0:
        raise OverflowError(f"{now!r} is before 1970")
    number = milliseconds << RANDOM_BITS | secrets.randbits(RANDOM_BITS)
    return "".join(ALPHABET[number >> shift & 31] for shift in range(5 * (LENGTH - 1), -1, -5))
