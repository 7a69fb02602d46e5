"""Background loops: kept running while the service runs, told to stop and waited for at its end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping

import structlog

#: Runs until it is cancelled, and then ends what is under way; may return once the database is closed.
Loop = Callable[[], Awaitable[None]]

#: Seconds after which a loop that broke is started again.
_AGAIN_AFTER = 1.0
#: Seconds that the loops may take, once cancelled, to end what is under way.
STOP_WITHIN = 14.0


class Loops:
    """Several loops, by name, that run side by side on the event loop."""

    def __init__(self, loops: Mapping[str, Loop]) -> None:
        self._loops = loops
        self._tasks: list[asyncio.Task[None]] = []
        self._stop_by = 0.0

    def start(self) -> None:
        """Start them all."""
        self._tasks = [asyncio.create_task(_kept_up(name, loop), name=name) for name, loop in self._loops.items()]

    def cancel(self) -> None:
        """Tell them all to stop; the time that they have begins to run."""
        self._stop_by = asyncio.get_running_loop().time() + STOP_WITHIN
        for task in self._tasks:
            task.cancel()

    async def ended(self) -> None:
        """Wait for what is under way, after `cancel`."""
        if not self._tasks:
            return
        left = max(0.0, self._stop_by - asyncio.get_running_loop().time())
        _, late = await asyncio.wait(self._tasks, timeout=left)
        for task in late:
            structlog.get_logger("forewarn.loops").error("loop_did_not_stop", loop=task.get_name())


async def _kept_up(name: str, loop: Loop) -> None:
    """Start the loop again whenever it breaks: a fault in one must not end the work of the others."""
    while True:
        try:
            await loop()
        except Exception:  # noqa: BLE001 - whatever it is, it is logged, and the loop goes on
            structlog.get_logger("forewarn.loops").exception("loop_broke", loop=name)
            await asyncio.sleep(_AGAIN_AFTER)
        else:
            return
