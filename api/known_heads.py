"""The heads of plain checks that aiohttp has read: where the same bytes come again, they are not read a second time.

All copies of a client app send the same head before a check of the same length. What is known of a head is what
aiohttp made of these very bytes, so that there are no two opinions on what a request says and where it ends.
"""

from __future__ import annotations

from typing import Final, NamedTuple

#: Heads that are known at a time, and bytes of the longest.
MOST: Final = 1_000
LONGEST: Final = 2_048
_END: Final = b"\r\n\r\n"


class Head(NamedTuple):
    """What the head of a plain check tells the lane."""

    key_hash: str
    #: the request's id, where it came with a sane one
    request_id: str | None


class KnownHeads:
    """Heads of plain checks, by their bytes."""

    def __init__(self) -> None:
        #: each with the length of the body that it announces
        self._heads: dict[bytes, tuple[Head, int]] = {}

    def keep(self, data: bytes, body: bytes, head: Head) -> None:
        """Keep the head of a check of which `is_whole` says that it is all of `data`."""
        text = data[: len(data) - len(body)]
        # A head with the id of its request never comes again.
        if head.request_id is not None or len(text) > LONGEST:
            return
        if len(self._heads) >= MOST:
            self._heads.clear()
        self._heads[text] = head, len(body)

    def find(self, data: bytes) -> tuple[Head, bytes] | None:
        """Return the head and the body of what is one whole check behind a known head, None for anything else."""
        begin = data.find(_END) + len(_END)
        known = self._heads.get(data[:begin])
        if known is None or len(data) - begin != known[1]:
            return None
        return known[0], data[begin:]


def is_whole(data: bytes, body: bytes) -> bool:
    """Tell whether `data`, which aiohttp has read one request with this body from, is that request and nothing else.

    No reader can be of two minds about it: each line of the head ends as RFC 9112 has it, and nothing stands before it.
    """
    begin = data.find(_END) + len(_END)
    lines = data.count(b"\n", 0, begin) == data.count(b"\r\n", 0, begin)
    return lines and data[:1].isalpha() and begin >= len(_END) and data[begin:] == body
