"""The desk where workers ask whether a message may leave and say what became of it: many to a transaction.

While one transaction commits, the next questions gather: so each look is still the last before its message leaves.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import partial
from typing import Generic, TypeVar

from notifier.delivery import last_look, store
from notifier.delivery.claims import Claimed, Outcome
from notifier.delivery.last_look import Beginning, Permission
from notifier.delivery.looking import Looks, still_stand
from notifier.delivery.settling import Settlements
from storage import Clock, Database, StorageError

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")
#: Called with the answer, or with what answering raised.
Told = Callable[[Answer | BaseException], None]
#: A delivery's number and fence.
Hold = tuple[int, int]


class Desk:
    """Answers for all deliveries of a worker, and knows which are in its hands."""

    def __init__(self, database: Database, clock: Clock, eased: Callable[[], None]) -> None:
        self._database = database
        self._clock = clock
        #: Called when fewer are in hand.
        self._eased = eased
        #: Of these the leases are kept. One may be here twice: claimed again before its first claim has left our hands.
        self.in_hand: dict[Hold, Claimed] = {}
        self._beginnings: Batches[Beginning, Permission] = Batches(self._begin_all)
        self._looks = Looks(lambda marked: still_stand(database, marked, clock.now()))
        self.settlements = Settlements(
            lambda outcomes: database.call(store.settle, outcomes, clock.now()), self.in_hand.__len__, self._ended
        )

    async def begin(self, beginning: Beginning) -> Permission:
        """Return whether a message may leave now; raises StorageError."""
        return await self._beginnings.put(beginning)

    def begin_soon(self, beginning: Beginning, told: Told[Permission]) -> None:
        """Ask the same, and have `told` called with the answer, or with what asking raised."""
        self._beginnings.ask(beginning, told)

    def look(self, claimed: Claimed, go: Callable[[], None], otherwise: Callable[[], None]) -> None:
        """Have `go` called where nothing has taken back since what `begin` allowed, `otherwise` else or if unknown."""
        self._looks.ask(claimed, go, otherwise)

    def settle(self, outcome: Outcome) -> None:
        """Write down soon what became of a delivery, which then leaves our hands."""
        self.settlements.put(outcome)

    def take(self, claimed: Iterable[Claimed]) -> None:
        """Take deliveries into our hands."""
        self.in_hand.update((_hold(each), each) for each in claimed)

    def let_go(self, claimed: Claimed) -> None:
        """Take a delivery out of our hands of which there is nothing to write down."""
        self.in_hand.pop(_hold(claimed), None)
        self._eased()

    def _ended(self, outcomes: Sequence[Outcome]) -> None:
        for outcome in outcomes:
            self.in_hand.pop(_hold(outcome.claimed), None)
        self._eased()

    async def _begin_all(self, asked: Sequence[Beginning]) -> Sequence[Permission]:
        # What became of those before is asked for first, and shares the commit.
        self.settlements.flush()
        await asyncio.sleep(0)
        return await self._database.call(last_look.begin_all, asked, self._clock.now())


class Batches(Generic[Asked, Answer]):
    """Lets one answer serve many that ask at once: what is asked while one batch is answered is the next."""

    def __init__(self, answer: Callable[[Sequence[Asked]], Awaitable[Sequence[Answer]]]) -> None:
        self._answer = answer
        self._waiting: list[tuple[Asked, Told[Answer]]] = []
        self._working: asyncio.Task[None] | None = None

    def put(self, asked: Asked) -> asyncio.Future[Answer]:
        """Return what will hold the answer, or raise what answering raised."""
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self.ask(asked, partial(_tell, answer))
        return answer

    def ask(self, asked: Asked, told: Told[Answer]) -> None:
        """Have `told` called with the answer, or with what answering raised."""
        self._waiting.append((asked, told))
        if self._working is None:
            self._working = asyncio.get_running_loop().create_task(self._work())

    async def _work(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting, []
                await self._answered(batch)
        finally:
            self._working = None

    async def _answered(self, batch: Sequence[tuple[Asked, Told[Answer]]]) -> None:
        try:
            answers = await self._answer([asked for asked, _ in batch])
        except (asyncio.CancelledError, StorageError) as error:
            # Cancelled, it is not known whether it holds; whoever asked has a lease that runs out.
            for _, told in batch:
                told(error)
            if isinstance(error, asyncio.CancelledError):
                raise
        except Exception as error:  # noqa: BLE001 - it is raised in whoever it is about
            if len(batch) == 1:
                batch[0][1](error)
                return
            # One that cannot be answered must not keep the others from it.
            for each in batch:
                await self._answered([each])
        else:
            for (_, told), answer in zip(batch, answers, strict=True):
                told(answer)


def _hold(claimed: Claimed) -> Hold:
    return claimed.no, claimed.fence


def _tell(future: asyncio.Future[Answer], answer: Answer | BaseException) -> None:
    # Whoever asked may have gone.
    if future.done():
        return
    if isinstance(answer, asyncio.CancelledError):
        future.cancel()
    elif isinstance(answer, BaseException):
        future.set_exception(answer)
    else:
        future.set_result(answer)
