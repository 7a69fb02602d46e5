"""What one process publishes, all processes answer by, within a second."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from statistics import median
from typing import Any
from urllib.parse import urlsplit

from tests.journeys.asking import file_and_publish, have_product
from tests.journeys.services import ADMIN_KEY, PATIENCE, Client, eventually, serving
from tests.notifier.stage import ERASES_V2

#: Seconds within which every process answers by a change.
PROMISED = 1.0
CHANGES = 5
QUESTION = {"product": "notes", "from": "4.1.0", "to": "4.2.0", "footprint": {"notebooks": 1, "storage_format": "v2"}}


class Line:
    """One connection that stays, so that the same process answers on it."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._answers = connection.makefile("rb")

    def check(self) -> tuple[str, Any]:
        """Return which process answers, and the verdict; None where it does not know the product yet."""
        body = json.dumps(QUESTION)
        head = (
            "POST /v1/check HTTP/1.1",
            "Host: x",
            "Content-Type: application/json",
            f"Authorization: Bearer {ADMIN_KEY}",
        )
        self._connection.sendall("\r\n".join([*head, f"Content-Length: {len(body)}", "", body]).encode())
        status = self._answers.readline()
        headers = dict(line.decode().strip().split(": ", 1) for line in iter(self._answers.readline, b"\r\n"))
        answer = json.loads(self._answers.read(int(headers["Content-Length"])))
        # The ids that a process gives to checks begin alike, and differ from those of others.
        return headers["X-Request-Id"].partition("-")[0], answer if b" 200 " in status else None

    def finds(self, number: int) -> bool:
        return len(self.check()[1]["findings"]) == number

    def close(self) -> None:
        self._answers.close()
        self._connection.close()


@contextmanager
def line_to(client: Client) -> Iterator[Line]:
    parts = urlsplit(client.address)
    line = Line(socket.create_connection((parts.hostname, parts.port or 0), timeout=PATIENCE))
    try:
        yield line
    finally:
        line.close()


def one_line_to_each(client: Client, processes: int, stack: ExitStack) -> list[Line]:
    """Connect until every process has answered on a connection of its own."""
    lines: dict[str, Line] = {}

    def all_found() -> bool:
        line = stack.enter_context(line_to(client))
        process, verdict = line.check()
        if verdict is not None:
            lines.setdefault(process, line)
        return len(lines) == processes

    eventually(all_found)
    return list(lines.values())


def test_every_process_answers_by_a_change_within_a_second(empty_url: str) -> None:
    with serving(empty_url, workers="2") as (service, client), ExitStack() as stack:
        service.logged("serving")
        eventually(client.is_ready)
        have_product(client)
        lines = one_line_to_each(client, 2, stack)
        waited = []
        for number in range(1, CHANGES + 1):
            file_and_publish(client, **{**ERASES_V2, "id": f"NOTES-{number}"})
            published = time.monotonic()
            for line in lines:
                eventually(lambda line=line, number=number: line.finds(number))  # type: ignore[misc]
            waited.append(time.monotonic() - published)
        # One of them may have been held up by whatever else the machine does.
        assert median(waited) < PROMISED, waited
