"""Names and ids: one line, without characters that steer a terminal, a mail or a file."""

from __future__ import annotations

import re
from typing import Final

#: Control characters, the line and paragraph separators, and halves of surrogate pairs.
_UNFIT: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_ID_LENGTH: Final = 200
_PRODUCT_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_WEB_ADDRESS: Final = re.compile(r"https?://[^\s/?#@\\]+(?:[/?#]\S*)?", re.IGNORECASE)


def check_line(text: str) -> None:
    """Raise ValueError unless `text` is one line with something to see on it."""
    if _UNFIT.search(text):
        raise ValueError("This is one line of text, without control characters.")
    if not text.strip():
        raise ValueError("There is nothing but white space here.")


def check_prose(text: str) -> None:
    """Raise ValueError unless `text` is lines of text without other control characters."""
    if _UNFIT.search(text.translate({ord("\n"): " ", ord("\r"): " ", ord("\t"): " "})):
        raise ValueError("This is text without control characters other than line breaks and tabs.")


def is_id(text: str) -> bool:
    """Say whether a customer or an install can be called `text`."""
    return 0 < len(text) <= _ID_LENGTH and text == text.strip() and not _UNFIT.search(text)


def check_id(text: str) -> None:
    """Raise ValueError unless a customer or an install can be called `text`."""
    if not is_id(text):
        raise ValueError(f"An id has 1 to {_ID_LENGTH} characters, no control characters, and no space at either end.")
    if text in {".", ".."}:
        raise ValueError("Clients take . and .. out of an address before they ask (RFC 3986), so neither is an id.")


def is_product_id(text: str) -> bool:
    """Say whether a product can be called `text`."""
    return _PRODUCT_ID.fullmatch(text) is not None


def check_product_id(text: str) -> None:
    """Raise ValueError unless a product can be called `text`."""
    if not is_product_id(text):
        raise ValueError("A product's id has 1 to 64 characters: letters, digits, and . _ - after the first.")


def check_web_address(text: str) -> None:
    """Raise ValueError unless `text` is an http or https address that a page can link to."""
    if _UNFIT.search(text) or not _WEB_ADDRESS.fullmatch(text):
        raise ValueError("An address begins with https:// or http:// and a host, and has no spaces in it.")
