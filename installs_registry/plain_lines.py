"""The plain line of an import of installs: read straight into what it stands for, in a third of the time.

Nearly every line is one. Whatever is wrong with a line, or could be, is left to `lines`, which tells what it is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec
from msgspec import UNSET

from installs_registry.types import InstallLine, Platform

#: Reads one line; None where it is not plain.
Read = Callable[[bytes], object | None]

#: With one of these in a line, its keys cannot be counted by their ends.
UNSURE: Final = (b"\\", b'" ', b'"\t', b'"\r')


def install_lines() -> Read:
    """Return what reads plain lines of installs."""
    decode = msgspec.json.Decoder(InstallLine).decode

    def read(text: bytes) -> InstallLine | None:
        try:
            line = decode(text)
        except (ValueError, RecursionError):
            return None
        # Each member has a colon of its own: with no more colons than different members, none is there twice.
        members = _members(line)
        if text.count(b":") == members and b"\\" not in text:
            return line
        return line if text.count(b'":') == members and not is_unsure(text) else None

    return read


def is_unsure(text: bytes) -> bool:
    """Tell whether a line may have a key twice though it has as many `":` as keys."""
    return any(map(text.__contains__, UNSURE))


def _members(line: InstallLine) -> int:
    """Return how many different members the objects of a line have, those of facts that are objects left out."""
    # product, version and install are always there.
    count = 3 + (line.customer is not UNSET) + (line.claim is not UNSET) + (line.acquired_through is not UNSET)
    platform, footprint, cells = line.platform, line.footprint, line.cells
    if footprint is not UNSET:
        count += 1 + len(footprint)
    if cells is not UNSET:
        count += 1 + len(cells)
    if platform is not UNSET:
        count += 1
        if isinstance(platform, Platform):
            count += (platform.os is not UNSET) + (platform.os_version is not UNSET) + (platform.arch is not UNSET)
    return count
