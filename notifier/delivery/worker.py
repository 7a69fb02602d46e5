"""The background loop that delivers; any number of processes may run one each."""

from __future__ import annotations

import asyncio
import random
import secrets
from collections.abc import AsyncIterator
from contextlib import suppress

import structlog

from notifier.channels.email import EmailChannel
from notifier.channels.failures import Cause, DeliveryFailed, HeldBack, LastMoment
from notifier.channels.webhook import WebhookChannel
from notifier.delivery import store
from notifier.delivery.acknowledging import Acknowledger
from notifier.delivery.claims import Claimed, Outcome
from notifier.delivery.compose import Composer, Message, NobodyToTell, compose_all
from notifier.delivery.retrying import Patience
from notifier.delivery.settings import DeliverySettings
from notifier.delivery.store import Permission
from notifier.delivery.testing import test_mail
from notifier.mails.build import Mail
from notifier.publications import Rulebook
from notifier.states import NoticeState
from storage import Clock, Database, StorageError
from storage.outcomes import Conflict

#: Seconds after which the loop looks without having been woken: a retry or a lease may have come due.
PATIENCE = 1.0
#: Seconds that deliveries under way are given when the process stops.
FAREWELL = 12.0
#: Deliveries in hand, for each connection to the mail server.
IN_HAND = 4


class Postman:
    """Delivers what is due as soon as it is owed, and stops without losing or repeating anything."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        settings: DeliverySettings,
        rulebook: Rulebook,
        *,
        chance: random.Random | None = None,
    ) -> None:
        server = settings.mail_server()
        self._database = database
        self._clock = clock
        self._composer: Composer = settings.composer(rulebook)
        self._email = EmailChannel(server, connections=settings.connections) if server else None
        self._webhook = WebhookChannel(settings.allowed_networks)
        self._patience = Patience(chance or random.SystemRandom())
        self._acknowledger = Acknowledger(database, clock)
        self._window = settings.connections * IN_HAND
        self._lease = settings.lease
        self._under_way: set[asyncio.Task[None]] = set()
        self._awake = asyncio.Event()
        self._stopping = False
        #: Names this loop in its leases; a process that starts again has no claim to those of the one before.
        self.worker = secrets.token_hex(8)

    async def run(self) -> None:
        """Deliver until cancelled, stopped, or the database closes; then end what is under way."""
        helpers = [asyncio.create_task(each) for each in (self._listen(self._database.watch()), self._keep_leases())]
        try:
            while not self._stopping:
                await self._turn()
        finally:
            for helper in helpers:
                helper.cancel()
            await self.close()

    def stop(self) -> None:
        """Let `run` end: nothing more is begun."""
        self._stopping = True
        self._awake.set()

    async def close(self) -> None:
        """Give what is under way a moment to end, put back the rest, and close the connections."""
        self.stop()
        if self._under_way:
            _, late = await asyncio.wait(self._under_way, timeout=FAREWELL)
            for task in late:
                # Its lease runs out: in doubt if it was handed over, else another worker's.
                task.cancel()
        await self._webhook.close()
        if self._email:
            await self._email.close()

    async def deliver_due(self) -> int:
        """Deliver until nothing is due any more; return how many deliveries were tried."""
        tried = 0
        await self._expire()
        while True:
            begun = await self._take_up()
            tried += begun
            if self._under_way:
                await asyncio.wait(self._under_way, return_when=asyncio.FIRST_COMPLETED)
            elif not begun:
                return tried

    async def send_test(self, defect: str, to: str) -> None:
        """Send the warning of a defect to one address, marked as a test; return once the mail server has it.

        Raises NotFound, Invalid for a bad address, Conflict where no mail server is set or it does not take the mail.
        """
        if self._email is None:
            raise Conflict("No mail server is set, so no mail can be sent.")
        mail = await self._database.read(test_mail, self._composer, defect, to, self._clock.now())
        try:
            await self._email.send(mail, _go)
        except DeliveryFailed as failure:
            raise Conflict(f"The mail server did not take it: {failure.reply}") from failure

    async def _turn(self) -> None:
        """Take up what is due, then wait for a reason to look again."""
        self._awake.clear()
        try:
            begun = await self._take_up()
        except StorageError:
            structlog.get_logger("forewarn.postman").exception("claim_failed")
            begun = 0
        if begun and len(self._under_way) < self._window:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                await self._awake.wait()

    async def _take_up(self) -> int:
        """Claim and begin as many deliveries as there is room for; return how many."""
        room = self._window - len(self._under_way)
        if self._stopping or room < self._window // 2:
            return 0
        now = self._clock.now()
        mail = self._email is not None
        claimed = await self._database.call(store.claim, self.worker, now, most=room, mail=mail, lease=self._lease)
        if claimed:
            for each, message in await self._database.read(compose_all, self._composer, claimed, now):
                task = asyncio.create_task(self._deliver(each, message))
                self._under_way.add(task)
                task.add_done_callback(self._ended)
        return len(claimed)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._under_way.discard(task)
        if len(self._under_way) <= self._window // 2:
            self._awake.set()

    async def _deliver(self, claimed: Claimed, message: Message | Exception) -> None:
        try:
            outcome = await self._attempt(claimed, message)
            if outcome is not None:
                await self._acknowledger.settle(outcome)
        except Exception:  # noqa: BLE001 - the lease will run out, and what was handed over is then in doubt
            structlog.get_logger("forewarn.postman").exception("delivery_not_recorded", delivery=claimed.no)

    async def _attempt(self, claimed: Claimed, message: Message | Exception) -> Outcome | None:
        """Send one message; None where it was held back, which is recorded already."""
        try:
            if isinstance(message, Exception):
                raise message
            reply = await self._send(message, self._last_moment(claimed, message))
        except HeldBack:
            return None
        except NobodyToTell as nobody:
            return Outcome(claimed, NoticeState.CANCELLED, str(nobody), due_at=self._clock.now())
        except DeliveryFailed as failure:
            return self._patience.failed(claimed, failure, self._clock.now())
        return self._patience.sent(claimed, reply, self._clock.now())

    async def _send(self, message: Message, last_moment: LastMoment) -> str:
        if not isinstance(message.content, Mail):
            return await self._webhook.send(message.content, last_moment)
        if self._email is None:
            raise DeliveryFailed(Cause.CONNECTION, "no mail server is set")
        return await self._email.send(message.content, last_moment)

    def _last_moment(self, claimed: Claimed, message: Message) -> LastMoment:
        async def last_moment() -> None:
            now = self._clock.now()
            if self._stopping:
                await self._database.call(store.put_back, claimed, now)
                raise HeldBack
            permission = await self._database.call(store.begin, claimed, message.written_from, message.id, now)
            if permission is not Permission.GO:
                raise HeldBack

        return last_moment

    async def _expire(self) -> None:
        await self._database.call(store.expire, self._patience, self._clock.now())

    async def _listen(self, watcher: AsyncIterator[None]) -> None:
        async for _ in watcher:
            self._awake.set()
        self.stop()

    async def _keep_leases(self) -> None:
        """Renew our leases well before they run out, and take up those of the dead."""
        while True:
            try:
                await self._expire()
                await self._database.call(store.renew, self.worker, self._clock.now(), lease=self._lease)
            except StorageError:
                structlog.get_logger("forewarn.postman").exception("leases_not_renewed")
            await asyncio.sleep(self._lease.total_seconds() / 5)


async def _go() -> None:
    """Hold nothing back: a test mail owes nobody anything."""
