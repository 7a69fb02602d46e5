"""The one error of every channel."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from enum import StrEnum

#: Awaited by a channel at the last moment at which the message can still be held back; raises HeldBack to do so.
LastMoment = Callable[[], Awaitable[None]]


class Cause(StrEnum):
    """What a failed delivery was about. Only the first may ever count against the recipient's address."""

    #: There is no such mailbox or endpoint, or it takes no mail.
    RECIPIENT = "recipient"
    #: The message itself was refused.
    CONTENT = "content"
    #: We were refused: a block list, a rate, a missing signature.
    REPUTATION = "reputation"
    #: No answer, or the connection broke.
    CONNECTION = "connection"


class DeliveryFailed(Exception):
    """The message did not arrive, as far as we know."""

    def __init__(
        self,
        cause: Cause,
        reply: str,
        *,
        permanent: bool = False,
        in_doubt: bool = False,
        retry_after: timedelta | None = None,
    ) -> None:
        super().__init__(f"{cause}: {reply}")
        self.cause = cause
        #: What the other side said, or what happened, in one line.
        self.reply = reply
        #: Trying again is of no use.
        self.permanent = permanent
        #: The whole message had left when the answer failed to come: it may have arrived.
        self.in_doubt = in_doubt
        #: For how long the other side asked us to wait; None: it did not say.
        self.retry_after = retry_after


class HeldBack(Exception):
    """Raised by a `LastMoment`: the message must not go out any more."""


class PutBack(HeldBack):
    """The message does not go out now, since whoever sends it ends; nothing is known against it."""
