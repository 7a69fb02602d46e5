"""What text and which addresses may go into a warning: each check yields the faults it finds."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from urllib.parse import urlsplit

from storage.outcomes import Fault, Invalid

_LAYOUT = frozenset("\t\n\r")
#: Control characters, lone surrogates, and the separators that some readers show as a line break.
_UNPRINTABLE = frozenset({"Cc", "Cs", "Zl", "Zp"})


def one_line(at: str, text: str) -> Iterator[Fault]:
    """Yield a fault where the text is blank or would not stay on one line."""
    if not text.strip():
        yield Fault(at, "This is blank; say it in a few words.")
    for character in text:
        if unicodedata.category(character) in _UNPRINTABLE:
            yield Fault(at, f"This is one line of plain text; U+{ord(character):04X} cannot be part of it.")
            return


def plain(at: str, text: str) -> Iterator[Fault]:
    """Yield a fault where the text holds what is neither text nor a line break nor a tab."""
    for character in text:
        if character not in _LAYOUT and unicodedata.category(character) in {"Cc", "Cs"}:
            yield Fault(at, f"This is plain text; U+{ord(character):04X} cannot be part of it.")
            return


def refuse_reason(reason: str) -> None:
    """Raise Invalid for a reason that is blank or could not stand in a mail."""
    if not reason.strip():
        raise Invalid.at("/reason", "Say why: those who were warned will read it.")
    faults = tuple(plain("/reason", reason))
    if faults:
        raise Invalid(*faults)


def web_address(at: str, address: str) -> Iterator[Fault]:
    """Yield a fault where the address is not one that a customer can safely be sent to."""
    if any(character.isspace() or unicodedata.category(character) in _UNPRINTABLE for character in address):
        yield Fault(at, "An address holds no spaces and no control characters.")
        return
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname, parts.port
    except ValueError:
        yield Fault(at, "This is not a web address.")
        return
    if parts.scheme not in {"http", "https"} or not host:
        yield Fault(at, "A web address begins with https:// or http:// and names a host.")
    elif parts.username is not None:
        yield Fault(at, "A web address that customers get names no user and no password.")
