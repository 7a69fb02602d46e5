"""The desk where workers ask whether a message may leave and say what became of it: many to a transaction.

While one transaction commits, the next gathers: so each look is still the last before its message leaves.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Generic, TypeVar

from notifier.delivery import store
from notifier.delivery.claims import Outcome
from notifier.delivery.store import Beginning, Permission
from storage import Clock, Database, StorageError, Tx

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")


class Desk:
    """Answers for all deliveries of a worker."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._beginnings = Batches(database, clock, store.begin_all)
        self._outcomes = Batches(database, clock, _settle_all)

    async def begin(self, beginning: Beginning) -> Permission:
        """Return whether a message may leave now; raises StorageError."""
        return await self._beginnings.ask(beginning)

    async def settle(self, outcome: Outcome) -> None:
        """Return once the outcome is durable; raises StorageError where it could not be written."""
        await self._outcomes.ask(outcome)


class Batches(Generic[Asked, Answer]):
    """Lets one function of the store answer for many that ask at once."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        work: Callable[[Tx, Sequence[Asked], datetime], Sequence[Answer]],
    ) -> None:
        self._database = database
        self._clock = clock
        self._work = work
        self._waiting: list[tuple[Asked, asyncio.Future[Answer]]] = []
        self._working = asyncio.Lock()

    async def ask(self, asked: Asked) -> Answer:
        """Return the answer once its transaction holds; raises what the work raised."""
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((asked, answer))
        async with self._working:
            if not answer.done():
                await self._answer_all()
        return answer.result()

    async def _answer_all(self) -> None:
        batch, self._waiting = self._waiting, []
        await self._answer(batch)

    async def _answer(self, batch: Sequence[tuple[Asked, asyncio.Future[Answer]]]) -> None:
        try:
            answers = await self._database.call(self._work, [asked for asked, _ in batch], self._clock.now())
        except asyncio.CancelledError:
            # Whether it holds is not known; whoever asked has a lease that runs out.
            for _, future in batch:
                future.cancel()
            raise
        except StorageError as error:
            for _, future in batch:
                future.set_exception(error)
        except Exception as error:  # noqa: BLE001 - it is raised in whoever it is about
            if len(batch) == 1:
                batch[0][1].set_exception(error)
                return
            # One that cannot be answered must not keep the others from it.
            for each in batch:
                await self._answer([each])
        else:
            for (_, future), answer in zip(batch, answers, strict=True):
                future.set_result(answer)


def _settle_all(tx: Tx, outcomes: Sequence[Outcome], now: datetime) -> Sequence[None]:
    store.settle(tx, outcomes, now)
    return [None] * len(outcomes)
