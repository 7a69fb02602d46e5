"""One attempt at a delivery, from the message to what became of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

from notifier.channels.failures import Cause, DeliveryFailed, HeldBack
from notifier.channels.webhook import WebhookChannel
from notifier.delivery import store
from notifier.delivery.claims import Claimed, Outcome
from notifier.delivery.compose import Message, NobodyToTell, Suppressed
from notifier.delivery.desk import Desk
from notifier.delivery.lanes import Lanes, Waits
from notifier.delivery.last_look import LastLook
from notifier.delivery.retrying import Patience
from notifier.delivery.store import Beginning
from notifier.mails.build import Mail
from notifier.states import NoticeState
from storage import Clock, Database

#: Over so long those that waited for a lane come back, so that not all come at once.
_SPREAD = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Dispatch:
    """What an attempt needs."""

    database: Database
    clock: Clock
    desk: Desk
    #: None: mail waits.
    lanes: Lanes | None
    webhook: WebhookChannel
    patience: Patience
    #: Whether the process is about to stop, so that nothing more may leave.
    stopping: Callable[[], bool]

    async def attempt(self, claimed: Claimed, message: Message | Exception) -> Outcome | None:
        """Send one message; None where it was held back, which is recorded already."""
        try:
            if isinstance(message, Exception):
                raise message
            lane, reply = await self._send(claimed, message)
        except HeldBack:
            return None
        except Suppressed as suppressed:
            return Outcome(claimed, NoticeState.FAILED, f"{Cause.RECIPIENT}: {suppressed}", due_at=self.clock.now())
        except NobodyToTell as nobody:
            return Outcome(claimed, NoticeState.CANCELLED, str(nobody), due_at=self.clock.now())
        except Waits as waits:
            due_at = waits.until + _SPREAD * self.patience.chance.random()
            return Outcome(claimed, NoticeState.PENDING, str(waits), due_at=due_at, untried=True)
        except DeliveryFailed as failure:
            return self._failed(claimed, message, failure)
        return self.patience.sent(claimed, reply, self.clock.now(), lane=lane)

    def _failed(self, claimed: Claimed, message: Message | Exception, failure: DeliveryFailed) -> Outcome:
        outcome = self.patience.failed(claimed, failure, self.clock.now())
        is_gone = failure.permanent and failure.cause is Cause.RECIPIENT
        if is_gone and isinstance(message, Message) and isinstance(message.content, Mail):
            return replace(outcome, refused=message.content.recipient)
        return outcome

    async def _send(self, claimed: Claimed, message: Message) -> tuple[str | None, str]:
        """Return the lane, None for a call, and the reply."""
        look = LastLook(self.desk, Beginning(claimed, message.written_from, message.id), self.may_go)
        if not isinstance(message.content, Mail):
            return None, await self.webhook.send(message.content, look)
        if self.lanes is None:
            raise DeliveryFailed(Cause.CONNECTION, "no mail server is set")
        # A mark that is made ahead is in doubt after a crash, and only what is then sent again is not lost by that.
        is_repeated = claimed.severity in self.patience.repeated
        return await self.lanes.send(message.content, look, look.ahead if is_repeated else None)

    async def may_go(self, claimed: Claimed) -> bool:
        """Return whether anything may still leave; where not, the delivery is put back."""
        if self.stopping():
            await self.database.call(store.put_back, claimed, self.clock.now())
            return False
        return True
