"""A delivery in hand, from its message to what became of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

import structlog
from msgspec.structs import replace

from notifier.channels.failures import Cause, DeliveryFailed, HeldBack, PutBack
from notifier.channels.webhook import Call, WebhookChannel
from notifier.delivery.claims import Claimed, LineState, Outcome
from notifier.delivery.compose import NobodyToTell, Suppressed
from notifier.delivery.desk import Desk
from notifier.delivery.lane import Waits
from notifier.delivery.last_look import Beginning, Permission
from notifier.delivery.retrying import Patience
from notifier.mails.build import Mail
from notifier.states import NoticeState
from storage import Clock

#: Seconds for which a mark that was made ahead spares the look at the exposures.
FRESH = 0.5


@dataclass(frozen=True, slots=True)
class Dispatch:
    """What all deliveries of a worker go by."""

    clock: Clock
    desk: Desk
    patience: Patience
    #: Whether the process is about to stop, so that nothing more may leave.
    stopping: Callable[[], bool]

    def sent(self, claimed: Claimed, reply: str, lane: str | None) -> None:
        """Write down that the other side has it."""
        self.desk.settle(self.patience.sent(claimed, reply, self.clock.now(), lane=lane))

    def failed(self, claimed: Claimed, error: Exception, mail: Mail | None = None) -> None:
        """Write down what follows from what kept a delivery from arriving, where there is anything to."""
        outcome = self._outcome(claimed, error, mail)
        if outcome is not None:
            self.desk.settle(outcome)
        else:
            self.desk.let_go(claimed)

    def _outcome(self, claimed: Claimed, error: Exception, mail: Mail | None) -> Outcome | None:
        """Return what follows; None where it is recorded already, or cannot be: then the lease runs out."""
        now = self.clock.now()
        match error:
            case DeliveryFailed():
                outcome = self.patience.failed(claimed, error, now)
                is_gone = error.permanent and error.cause is Cause.RECIPIENT
                return replace(outcome, refused=mail.recipient) if mail and is_gone else outcome
            case Waits():
                return self.patience.waiting(claimed, str(error), error.until)
            case PutBack():
                after, reply = NoticeState.PENDING, "put back before it was sent"
            case Suppressed():
                after, reply = NoticeState.FAILED, f"{Cause.RECIPIENT}: {error}"
            case NobodyToTell():
                after, reply = NoticeState.CANCELLED, str(error)
            case _:
                if not isinstance(error, HeldBack):
                    log = structlog.get_logger("forewarn.postman")
                    log.error("delivery_not_recorded", delivery=claimed.no, exc_info=error)
                return None
        return Outcome(claimed, after, reply, due_at=now, untried=after is NoticeState.PENDING)


class Sending:
    """One delivery under way: looked at for the last time before its message leaves, and marked before that."""

    __slots__ = ("_beginning", "_dispatch", "_mark", "_marked_at", "claimed")

    def __init__(self, dispatch: Dispatch, claimed: Claimed, written_from: frozenset[LineState], identity: str) -> None:
        self._dispatch = dispatch
        self.claimed = claimed
        self._beginning = Beginning(claimed, written_from, identity)
        #: The mark that was asked for ahead, and when, by the loop's clock.
        self._mark: asyncio.Future[Permission] | None = None
        self._marked_at = 0.0

    async def last_moment(self) -> None:
        """Return where the message may leave; raises HeldBack where it must not, which is recorded then."""
        if self._dispatch.stopping():
            raise PutBack
        if self._mark is not None and await self._still_stands(self._mark):
            return
        if await self._dispatch.desk.begin(self._beginning) is not Permission.GO:
            raise HeldBack

    async def _still_stands(self, mark: asyncio.Future[Permission]) -> bool:
        """Return whether what was marked ahead may leave; where that has changed, all is looked at anew."""
        if await mark is not Permission.GO:
            raise HeldBack
        if asyncio.get_running_loop().time() - self._marked_at > FRESH:
            return False
        return await self._dispatch.desk.still_stands(self.claimed)


class MailSending(Sending):
    """A mail that stands in a lane (`notifier.channels.errands.Errand`)."""

    __slots__ = ("lane", "mail")

    def __init__(self, dispatch: Dispatch, claimed: Claimed, written_from: frozenset[LineState], mail: Mail) -> None:
        super().__init__(dispatch, claimed, written_from, mail.message_id)
        self.mail = mail
        self.lane: str | None = None

    @property
    def is_over(self) -> bool:
        """Whether it was looked at ahead of its turn, and must not leave."""
        mark = self._mark
        if mark is None or not mark.done() or mark.cancelled() or mark.exception() is not None:
            return False
        return mark.result() is not Permission.GO

    def near(self) -> None:
        """Ask for the mark now, since the mail's turn is near.

        A mark that is made ahead is in doubt after a crash, and only what is then sent again is not lost by that.
        """
        if self.claimed.severity in self._dispatch.patience.repeated:
            self._marked_at = asyncio.get_running_loop().time()
            self._mark = self._dispatch.desk.begin_soon(self._beginning)

    def taken(self, reply: str) -> None:
        """Write down that a server has it."""
        self._dispatch.sent(self.claimed, reply, self.lane)

    def failed(self, error: Exception) -> None:
        """Write down what follows from what kept it from being taken."""
        self._dispatch.failed(self.claimed, error, self.mail)


class CallSending(Sending):
    """A call of a webhook."""

    __slots__ = ()

    async def make(self, call: Call, webhook: WebhookChannel) -> None:
        """Make it, and write down what became of it."""
        try:
            reply = await webhook.send(call, self.last_moment)
        except Exception as error:  # noqa: BLE001 - sorted there by what it is
            self._dispatch.failed(self.claimed, error)
        else:
            self._dispatch.sent(self.claimed, reply, None)
