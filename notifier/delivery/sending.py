"""A delivery in hand, from its message to what became of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from time import monotonic

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
        self.desk.settle(self.patience.sent(claimed, reply, lane=lane))

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
    """One delivery under way: looked at for the last time before its message leaves, and marked with that look."""

    __slots__ = ("_beginning", "_dispatch", "claimed")

    def __init__(self, dispatch: Dispatch, claimed: Claimed, written_from: frozenset[LineState], identity: str) -> None:
        self._dispatch = dispatch
        self.claimed = claimed
        self._beginning = Beginning(claimed, written_from, identity)

    async def last_moment(self) -> None:
        """Return where the message may leave; raises HeldBack where it must not, which is recorded then."""
        if self._dispatch.stopping():
            raise PutBack
        if await self._dispatch.desk.begin(self._beginning) is not Permission.GO:
            raise HeldBack


class MailSending(Sending):
    """A mail that stands in a lane (`notifier.channels.errands.Errand`)."""

    __slots__ = ("_mark", "_marked_at", "_when_marked", "lane", "mail")

    def __init__(self, dispatch: Dispatch, claimed: Claimed, written_from: frozenset[LineState], mail: Mail) -> None:
        super().__init__(dispatch, claimed, written_from, mail.message_id)
        self.mail = mail
        self.lane: str | None = None
        #: When the mark was asked for ahead, by a clock that never goes back; None: it was not.
        self._marked_at: float | None = None
        #: What was answered, or raised; None: nothing yet.
        self._mark: Permission | BaseException | None = None
        #: Called once it is answered; None: nobody waits for that.
        self._when_marked: Callable[[], None] | None = None

    @property
    def is_over(self) -> bool:
        """Whether it was looked at ahead of its turn, and must not leave."""
        return isinstance(self._mark, Permission) and self._mark is not Permission.GO

    @property
    def _is_being_marked(self) -> bool:
        return self._marked_at is not None and self._mark is None

    def near(self) -> None:
        """Ask for the mark now, since the mail's turn is near.

        A mark that is made ahead is in doubt after a crash, and only what is then sent again is not lost by that.
        """
        if not self._is_being_marked and self.claimed.severity in self._dispatch.patience.repeated:
            self._mark, self._marked_at = None, monotonic()
            self._dispatch.desk.begin_soon(self._beginning, self._note)

    def ask(self, go: Callable[[], None], otherwise: Callable[[], None]) -> None:
        """Look whether what was marked ahead still stands, once it is marked."""
        if self._is_being_marked:
            self._when_marked = partial(self.ask, go, otherwise)
        elif self._mark is Permission.GO and self._is_fresh() and not self._dispatch.stopping():
            self._dispatch.desk.look(self.claimed, go, otherwise)
        else:
            otherwise()

    async def last_moment(self) -> None:
        """Return where the message may leave; raises HeldBack where it must not, which is recorded then.

        Where what was marked ahead may have changed, all is looked at anew.
        """
        if self._dispatch.stopping():
            raise PutBack
        if self._marked_at is None or not await self._still_stands():
            await super().last_moment()

    async def _still_stands(self) -> bool:
        if self._is_being_marked:
            marked: asyncio.Future[Permission | None] = asyncio.get_running_loop().create_future()
            self._when_marked = partial(_tell, marked, None)
            await marked
        if isinstance(self._mark, BaseException):
            raise self._mark
        if self._mark is not Permission.GO:
            raise HeldBack
        if not self._is_fresh():
            return False
        answer: asyncio.Future[Permission | None] = asyncio.get_running_loop().create_future()
        self._dispatch.desk.look(self.claimed, partial(_tell, answer, Permission.GO), partial(_tell, answer, None))
        return await answer is Permission.GO

    def _is_fresh(self) -> bool:
        return self._marked_at is not None and monotonic() - self._marked_at <= FRESH

    def _note(self, mark: Permission | BaseException) -> None:
        self._mark = mark
        if self._when_marked is not None:
            call, self._when_marked = self._when_marked, None
            call()

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


def _tell(future: asyncio.Future[Permission | None], answer: Permission | None) -> None:
    # Whoever asked may have gone.
    if not future.done():
        future.set_result(answer)
