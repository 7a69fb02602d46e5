"""Texts that stand in a mail as they are: visible ASCII, in words with one blank between them."""

from __future__ import annotations

from collections.abc import Sequence

#: What `in_words` lets through beside the characters that it is given: the blank, and what stands between the texts.
_BETWEEN = b" \n"
#: Every visible character.
VISIBLE = bytes(range(0x21, 0x7F))


def let_through(visible: bytes) -> bytes:
    """Return such characters as `in_words` takes them."""
    return visible + _BETWEEN


def is_word(text: str) -> bool:
    """Return whether a text is of visible ASCII alone."""
    return text.isascii() and text.isprintable() and " " not in text


def in_words(texts: Sequence[str], allowed: bytes) -> list[bytes] | None:
    """Return each text in ASCII, None where one holds more than allowed characters and single blanks between words.

    `allowed` is of `let_through`. One look serves for all: an expression that took them apart would take twice as long.
    """
    said = "\n".join(texts)
    if not said.isascii():
        return None
    raw = said.encode("ascii")
    if raw.translate(None, allowed):
        return None
    found = raw.split(b"\n") if texts else []
    # Of each text that is not empty, one word has no blank before it.
    if len(found) != len(texts) or len(raw.split()) - raw.count(b" ") != len(found) - found.count(b""):
        return None
    return found
