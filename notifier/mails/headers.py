"""Header lines that hold one line, whatever text goes into them.

On CPython up to 3.11.9 an encoded word in a header can become a line of its own when the message is written
(CVE-2024-6923), so no text of others reaches the generator of `email.message`: it is made harmless here, and
written by the older `email.header`, which folds and never decodes.
"""

from __future__ import annotations

import re
import unicodedata
from binascii import b2a_base64
from email.header import Header
from email.utils import quote

from installs_registry.addresses import check_email

#: The longest text of a header; a subject past it is cut (RFC 5322 allows 998 characters a line).
LONGEST = 300

#: Bytes that one encoded word may stand for, in base64 and beside its charset (RFC 2047, section 2: 75 characters).
_LONGEST_WORD = 45

#: The usual address: what `check_email` lets pass, but for the rarer characters.
_USUAL = re.compile(
    r"[A-Za-z0-9_+-]+(?:\.[A-Za-z0-9_+-]+)*@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{1,63}"
)
#: Characters up to which neither the whole of one can be too long nor what stands before the @.
_SHORT = 64

_SPECIAL = re.compile(r'[][()<>@,:;".\\]')


class UnsafeMail(ValueError):
    """A mail that would not be what it was meant to be; it is not sent."""


def harmless(text: str) -> str:
    """Return `text` on one line: control characters and line separators are blanks, no encoded word is left."""
    blank = text
    # What is printable holds none of the categories below, and most names are.
    if not text.isprintable():
        blank = "".join(" " if unicodedata.category(each) in {"Cc", "Cf", "Cs", "Zl", "Zp"} else each for each in text)
    return " ".join(blank.replace("=?", "= ?").split())[:LONGEST].rstrip()


def text_line(name: str, text: str) -> str:
    """Return the line of a header that holds text, folded, ending in CRLF."""
    return _line(name, _encoded(harmless(text), name))


def bare_line(name: str, value: str) -> str:
    """Return the line of a header that we wrote ourselves and that must not be folded; raises UnsafeMail."""
    if not value.isascii() or not value.isprintable():
        raise UnsafeMail(f"{name} would hold a character that a header may not hold")
    return _line(name, value)


def address_line(name: str, display: str | None, address: str) -> str:
    """Return the line of one address that `plain_address` has let pass."""
    return _line(name, address_value(name, display, address))


def address_value(name: str, display: str | None, address: str) -> str:
    """Return what stands behind the name of such a line, without the line's end."""
    shown = harmless(display or "")
    if not shown:
        return address
    if not shown.isascii():
        return f"{_word(shown) or _encoded(shown, name)}\r\n <{address}>"
    return plain_display(shown, address)


def plain_display(shown: str, address: str) -> str:
    """Return the same for a name in ASCII that is harmless as it is."""
    written = f'"{quote(shown)}"' if _SPECIAL.search(shown) else shown
    return f"{written} <{address}>"


def plain_address(address: str) -> str:
    """Return `address` where it is one address and nothing else; raises UnsafeMail otherwise."""
    if len(address) <= _SHORT and _USUAL.fullmatch(address):
        return address
    try:
        check_email(address)
    except ValueError as error:
        raise UnsafeMail(str(error)) from error
    return address


def _word(text: str) -> str | None:
    """Return a short text as one encoded word (RFC 2047), None where it needs several: quicker than `email.header`."""
    raw = text.encode("utf-8")
    return f"=?utf-8?b?{b2a_base64(raw, newline=False).decode()}?=" if len(raw) <= _LONGEST_WORD else None


def _encoded(text: str, name: str) -> str:
    charset = "us-ascii" if text.isascii() else "utf-8"
    return Header(text, charset, header_name=name).encode(linesep="\r\n")


def _line(name: str, value: str) -> str:
    return f"{name}: {value}\r\n"
