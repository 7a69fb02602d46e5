"""Quoted-printable (RFC 2045, section 6.7), in pieces that can be put together.

A piece begins and ends with a line of its own: where the text does not break, a soft line break stands between. So what
is put between two pieces changes neither of them, and no line grows past 76 characters. No line
begins with a dot, which SMTP would double. No blank stands beside another or at a line's end: DKIM's relaxed form of a
body (RFC 6376, section 3.4.4) is then the body itself.
"""

from __future__ import annotations

import re
from binascii import b2a_qp
from collections.abc import Iterable, Iterator, Sequence

from notifier.mails.words import VISIBLE, in_words, let_through

#: Characters of a line before the "=" of a soft break.
LINE = 75
SOFT_BREAK = b"=\r\n"
#: A line of which nothing need be encoded: visible ASCII without "=", in words with one blank between them.
_PLAIN = re.compile(r"[!-<>-~]+(?: [!-<>-~]+)*")
#: What such a line may hold, but for what HTML must not.
_AS_THEY_ARE = let_through(VISIBLE.translate(None, b"=&<>'\""))


def quoted(text: str) -> bytes:
    """Return `text` encoded; its line breaks become CRLF, what cannot be encoded a question mark."""
    return b"\r\n".join(map(_quoted_line, text.split("\n")))


def quoted_value(text: str) -> bytes:
    """Return the same as `quoted`, faster for a line of ASCII that needs nothing encoded."""
    if not _PLAIN.fullmatch(text):
        return quoted(text)
    plain = text.encode("ascii")
    if len(plain) > LINE:
        plain = SOFT_BREAK.join([plain[place : place + LINE] for place in range(0, len(plain), LINE)])
        return quoted(text) if plain.startswith(b".") or b"\n." in plain else plain
    return quoted(text) if plain.startswith(b".") else plain


def plain_values(texts: Sequence[str]) -> list[bytes] | None:
    """Return the same as `quoted_value` of each text, None where one may need to be encoded, or escaped for HTML."""
    plain = in_words(texts, _AS_THEY_ARE)
    if plain is None:
        return None
    return [each if len(each) <= LINE and each[:1] != b"." else _cut_line(each) for each in plain]


def _cut_line(plain: bytes) -> bytes:
    """Return a line in which nothing need be encoded but a dot at its begin, or at that of a further line."""
    begin, rest = plain[:LINE], plain[LINE:]
    if len(rest) > LINE or begin[:1] == b"." or rest[:1] == b".":
        return quoted_value(plain.decode("ascii"))
    return begin + SOFT_BREAK + rest if rest else begin


def margin(blanks: int) -> bytes:
    """Return so many blanks before a text, each second one encoded."""
    return b" =20" * (blanks // 2) + b" " * (blanks % 2)


def between(before: bytes) -> bytes:
    """Return what must follow a piece for the next to begin on a line of its own."""
    return b"" if not before or before.endswith(b"\r\n") else SOFT_BREAK


def _quoted_line(line: str) -> bytes:
    raw = line.encode("utf-8", "replace")
    if b"  " not in raw and b"\t" not in raw:
        coded = b2a_qp(raw, istext=False).replace(b"=\n", SOFT_BREAK)
        # It fills a last line up to 76 characters, behind which there is no room for a soft break.
        if not coded.startswith(b".") and b"\n." not in coded and len(coded) - coded.rfind(b"\n") - 1 <= LINE:
            return coded
    return SOFT_BREAK.join(_lines(_units(raw)))


def _units(encoded: bytes) -> Iterator[bytes]:
    """Yield the characters of a line, encoded where they must be."""
    last, before = len(encoded) - 1, b""
    for place, byte in enumerate(encoded):
        unit = bytes((byte,))
        is_blank = unit == b" " and place != last and before != b" "
        if not is_blank and (not b"!" <= unit <= b"~" or unit == b"="):
            unit = b"=%02X" % byte
        yield unit
        before = unit


def _lines(units: Iterable[bytes]) -> Iterator[bytes]:
    line: list[bytes] = []
    length = 0
    for unit in units:
        if length + len(unit) > LINE:
            yield b"".join(line)
            line, length = [], 0
        if unit == b"." and not line:
            unit = b"=2E"  # noqa: PLW2901 - the same character, as a line may begin with it
        line.append(unit)
        length += len(unit)
    yield b"".join(line)
