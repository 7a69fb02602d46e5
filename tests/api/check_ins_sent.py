"""Check-ins as they go over the wire, and the time it takes to store them."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from storage import Tx
from tests.api.house import ADMIN_KEY, AT_RISK, House

BODY = {"product": "notes", "version": "4.1.3", "footprint": AT_RISK}
#: A content type as good as the usual one, which leads past the lane.
TO_THE_APPLICATION = "application/json; charset=UTF8"


def request(
    install: str, body: object, *more: str, key: str = ADMIN_KEY, kind: str = "application/json", method: str = "PUT"
) -> bytes:
    """Return a check-in as it goes over the wire."""
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    head = [f"{method} /v1/installs/{install} HTTP/1.1", "Host: x", f"Content-Type: {kind}"]
    lines = [*head, f"Authorization: Bearer {key}", *more, f"Content-Length: {len(text)}", "", ""]
    return "\r\n".join(lines).encode() + text


@asynccontextmanager
async def writer_held(house: House) -> AsyncIterator[None]:
    """Let nothing be stored inside the block."""
    held, free = asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    def hold(_: Tx) -> None:
        loop.call_soon_threadsafe(held.set)
        assert free.wait(60)

    holding = asyncio.create_task(house.parts.database.call(hold))
    await held.wait()
    try:
        yield
    finally:
        free.set()
        await holding


async def turns(number: int = 20) -> None:
    """Let everything run that can."""
    for _ in range(number):
        await asyncio.sleep(0)
