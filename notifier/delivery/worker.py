"""The background loop that delivers; any number of processes may run one each."""

from __future__ import annotations

import asyncio
import random
import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress

import structlog

from notifier.channels.failures import DeliveryFailed, PutBack
from notifier.channels.webhook import WebhookChannel
from notifier.delivery import lane_store, leases
from notifier.delivery.claims import Claimed
from notifier.delivery.compose import Composer, Message, compose_all
from notifier.delivery.desk import Desk
from notifier.delivery.exchanges import Resolver
from notifier.delivery.lane import Waits
from notifier.delivery.retrying import Patience
from notifier.delivery.sending import CallSending, Dispatch, MailSending
from notifier.delivery.settings import DeliverySettings
from notifier.delivery.testing import test_mail
from notifier.delivery.window import Window
from notifier.mails.build import Mail
from notifier.publications import Rulebook
from storage import Clock, Database, StorageError
from storage.outcomes import Conflict

#: Seconds after which the loop looks without having been woken: a retry or a lease may have come due.
PATIENCE = 1.0
#: Seconds that deliveries under way are given when the process stops.
FAREWELL = 12.0


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
        resolver: Resolver | None = None,
    ) -> None:
        self._database = database
        self._clock = clock
        self._composer: Composer = settings.composer(rulebook)
        self._lanes = settings.lanes(clock, resolver)
        self._webhook = WebhookChannel(settings.allowed_networks)
        self._patience = Patience(chance or random.SystemRandom(), settings.repeat_in_doubt)
        self._desk = Desk(database, clock, self._ease)
        self._dispatch = Dispatch(clock, self._desk, self._patience, lambda: self._stopping)
        self._window = Window(settings.connections)
        self._lease = settings.lease
        #: Of webhooks.
        self._calls: set[asyncio.Task[None]] = set()
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
        if self._lanes:
            self._lanes.drain(PutBack())

    async def close(self) -> None:
        """Give what is under way a moment to end, put back the rest, and close the connections."""
        self.stop()
        with suppress(TimeoutError):
            async with asyncio.timeout(FAREWELL):
                while self._desk.in_hand:
                    self._awake.clear()
                    await self._awake.wait()
        for call in self._calls:
            # Its lease runs out: in doubt if it was handed over, else another worker's.
            call.cancel()
        await self._webhook.close()
        if self._lanes:
            await self._lanes.close()
        await self._desk.settlements.finish()

    async def deliver_due(self) -> int:
        """Deliver until nothing is due any more; return how many deliveries were tried."""
        tried = 0
        await self._expire()
        await self._share_lanes()
        while True:
            begun = await self._take_up()
            tried += begun
            if self._desk.in_hand:
                self._awake.clear()
                await self._awake.wait()
            elif not begun:
                await self._share_lanes()
                return tried

    async def send_test(self, defect: str, to: str) -> None:
        """Send the warning of a defect to one address, marked as a test; return once the mail server has it.

        Raises NotFound, Invalid for a bad address, Conflict where no mail server is set or it does not take the mail.
        """
        if self._lanes is None:
            raise Conflict("No mail server is set, so no mail can be sent.")
        mail = await self._database.read(test_mail, self._composer, defect, to, self._clock.now())
        try:
            await self._lanes.send(mail)
        except Waits as waits:
            raise Conflict(f"The mail cannot leave now: {waits}") from waits
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
        if begun and self._window.room(len(self._desk.in_hand)):
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                await self._awake.wait()

    async def _take_up(self) -> int:
        """Claim and begin as many deliveries as there is room for; return how many."""
        room = self._window.room(len(self._desk.in_hand))
        if self._stopping or not room:
            return 0
        now = self._clock.now()
        mail = self._lanes is not None
        claimed = await self._database.call(leases.claim, self.worker, now, most=room, mail=mail, lease=self._lease)
        self._window.filled(len(claimed), asyncio.get_running_loop().time())
        if claimed:
            self._begin(await self._database.read(compose_all, self._composer, claimed, now))
        return len(claimed)

    def _begin(self, composed: Sequence[tuple[Claimed, Message | Exception]]) -> None:
        """Let go what has been claimed and written."""
        self._desk.take(claimed for claimed, _ in composed)
        mails: list[MailSending] = []
        for claimed, message in composed:
            if isinstance(message, Exception) or self._stopping:
                self._dispatch.failed(claimed, message if isinstance(message, Exception) else PutBack())
            elif isinstance(message.content, Mail):
                mails.append(MailSending(self._dispatch, claimed, message.written_from, message.content))
            else:
                sending = CallSending(self._dispatch, claimed, message.written_from, message.id)
                call = asyncio.create_task(sending.make(message.content, self._webhook))
                self._calls.add(call)
                call.add_done_callback(self._calls.discard)
        if self._lanes:
            self._lanes.put(mails)

    def _ease(self) -> None:
        """Look for more once half of what was in hand has gone."""
        if self._window.room(len(self._desk.in_hand)):
            self._awake.set()

    async def _expire(self) -> None:
        await self._database.call(leases.expire, self._patience, self._clock.now())

    async def _share_lanes(self) -> None:
        """Tell the other processes how our lanes stand, and hear it of theirs."""
        if self._lanes is None:
            return
        changed = self._lanes.changed()
        if changed:
            await self._database.call(lane_store.tell, changed, self._clock.now())
        self._lanes.take_over(await self._database.read(lane_store.rests))

    async def _listen(self, watcher: AsyncIterator[None]) -> None:
        async for _ in watcher:
            self._awake.set()
        self.stop()

    async def _keep_leases(self) -> None:
        """Renew our leases well before they run out, and take up those of the dead, and of what went wrong here."""
        while True:
            now = self._clock.now()
            try:
                await self._expire()
                await self._database.call(leases.renew, tuple(self._desk.in_hand.values()), now, lease=self._lease)
                await self._share_lanes()
            except StorageError:
                structlog.get_logger("forewarn.postman").exception("leases_not_renewed")
            await asyncio.sleep(self._lease.total_seconds() / 5)
