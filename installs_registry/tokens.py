"""The token that a client app makes for its install: whoever has it may speak for the install."""

from __future__ import annotations

import hashlib
import hmac
from typing import Final

from installs_registry.types import TOKEN_LENGTH

#: As long as a digest, and of no token.
_NOBODYS: Final = "-" * 64


def check_token(token: str | None) -> None:
    """Raise ValueError unless `token` can hold 128 random bits."""
    shortest, longest = TOKEN_LENGTH
    if token is None or not (shortest <= len(token) <= longest and token.isascii() and token.isprintable()):
        raise ValueError(
            "A client app sends a token of its own in the header Install-Token: 128 random bits, "
            f"{shortest} to {longest} ASCII characters."
        )


def digest(token: str) -> str:
    """Return what is stored of a token: SHA-256 is enough for what is random."""
    return hashlib.sha256(token.encode()).hexdigest()


def opens(token_hash: str | None, token: str | None) -> bool:
    """Say whether `token` has this digest; an install without one is closed to every token.

    The work is the same for an install that is not there (None) and for one that is another's.
    """
    try:
        check_token(token)
    except ValueError:
        return False
    same = hmac.compare_digest(token_hash or _NOBODYS, digest(token or ""))
    return same and token_hash is not None
