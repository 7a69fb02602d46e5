"""Writing down what became of deliveries, many to a transaction: while one commits, the next gather."""

from __future__ import annotations

import asyncio

from notifier.delivery import store
from notifier.delivery.claims import Outcome
from storage import Clock, Database


class Acknowledger:
    """Settles outcomes in batches; each caller waits until its own is durable."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._waiting: list[tuple[Outcome, asyncio.Future[None]]] = []
        self._writing = asyncio.Lock()

    async def settle(self, outcome: Outcome) -> None:
        """Return once the outcome is durable; raises StorageError where it could not be written."""
        written: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((outcome, written))
        async with self._writing:
            if not written.done():
                await self._write_all()
        written.result()

    async def _write_all(self) -> None:
        batch, self._waiting = self._waiting, []
        try:
            await self._database.call(store.settle, [outcome for outcome, _ in batch], self._clock.now())
        except Exception as error:  # noqa: BLE001 - it is raised in each of those that wait
            for _, written in batch:
                written.set_exception(error)
        else:
            for _, written in batch:
                written.set_result(None)
