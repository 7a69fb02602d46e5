"""A delivery in the hands of a worker, and what became of it."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, NamedTuple

from msgspec import Struct

from notifier.states import NoticeKind, NoticeState
from risk import Exposure, Severity

Channel = Literal["email", "webhook"]


class OwedNotice(Struct, frozen=True, kw_only=True, gc=False):
    """A notice, as far as its words depend on it."""

    notice_no: int
    #: The notice's id.
    notice: str
    kind: NoticeKind
    defect_no: int
    recipient: int


class Claimed(OwedNotice, frozen=True, kw_only=True, gc=False):
    """A delivery that this worker alone may make, as long as its lease lasts."""

    no: int
    #: Of its notice and of its defect, which were the same then.
    generation: int
    #: An answer counts only while the delivery still has this fence.
    fence: int
    #: With this one.
    attempts: int
    channel: Channel
    #: None: it was not known when the notice was owed.
    address: str | None
    #: None: never sent before.
    message_id: str | None
    severity: Severity


class LineState(NamedTuple):
    """What one line of a notice was written from; while it is the same, the words are right."""

    install_no: int
    version_no: int
    exposure: Exposure | None


class NoticeLine(NamedTuple):
    """One install of a notice, as it is now."""

    install_no: int
    #: What the vendor calls it.
    install: str
    version_no: int
    exposure: Exposure | None

    @property
    def state(self) -> LineState:
        """What its words rest on."""
        return LineState(self.install_no, self.version_no, self.exposure)


class Outcome(Struct, frozen=True, gc=False):
    """What became of an attempt."""

    claimed: Claimed
    #: The delivery's state from here on; FAILED and CANCELLED become IN_DOUBT where an earlier attempt was.
    after: NoticeState
    #: What the other side said, or why it was not sent.
    reply: str
    #: When the next attempt is due; None, or of no meaning, without one.
    due_at: datetime | None = None
    #: The recipient has it, or may have.
    handed_over: bool = False
    #: This attempt was left in doubt.
    doubtful: bool = False
    #: Nothing was tried, so that the attempt does not count.
    untried: bool = False
    #: An address that its own server has refused for good: it is left alone for a while.
    refused: str | None = None
    #: Over which lane it went; None: none.
    lane: str | None = None
