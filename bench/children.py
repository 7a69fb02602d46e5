"""Contestants in processes of their own, asked over a pipe."""

from __future__ import annotations

import multiprocessing
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import Any

#: Seconds that a child has to come up, or to end.
PATIENCE = 60.0


class Child:
    """A child process, at the other end of a pipe."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe

    def ask(self, question: object = None) -> Any:  # noqa: ANN401 - each child answers in its own way
        """Return the child's answer; raises EOFError when it has died."""
        self._pipe.send(question)
        return self._pipe.recv()

    def greeting(self) -> Any:  # noqa: ANN401 - as above
        """Return what the child says first; raises RuntimeError when it says nothing."""
        if not self._pipe.poll(PATIENCE):
            raise RuntimeError("a process of the benchmark did not start")
        return self._pipe.recv()


@contextmanager
def child(work: Callable[..., None], *args: object) -> Iterator[Child]:
    """Run `work(pipe, *args)` in a fresh process inside the block; the closed pipe tells it to end."""
    context = multiprocessing.get_context("spawn")
    near, far = context.Pipe()
    process = context.Process(target=work, args=(far, *args), daemon=True)
    process.start()
    far.close()
    try:
        yield Child(near)
    finally:
        near.close()
        process.join(PATIENCE)
        if process.is_alive():
            process.kill()


def tell_cpu_time(pipe: Connection, ended: Callable[[], object]) -> None:
    """Answer each question with this process's CPU seconds, on a thread; call `ended` when the pipe closes."""

    def serve() -> None:
        while True:
            try:
                pipe.recv()
                pipe.send(time.process_time())
            except (EOFError, OSError):
                ended()
                return

    threading.Thread(target=serve, daemon=True).start()
