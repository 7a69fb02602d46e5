"""People who ask the service over HTTP, each with a key of their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from aiohttp import ClientSession


class Unexpected(Exception):
    """The service answered otherwise than it must; the text has what was asked and what came back."""


@dataclass(frozen=True, slots=True)
class Told:
    """An answer of the service."""

    status: int
    body: Any


@dataclass(frozen=True, slots=True)
class Asker:
    """Somebody with a key."""

    session: ClientSession
    #: Where the service is: http://HOST:PORT.
    address: str
    person: str
    key: str = field(repr=False)

    async def get(self, path: str) -> Any:  # noqa: ANN401 - JSON
        """Return the body of an answer; raises Unexpected."""
        return (await self._ask("GET", path)).body

    async def put(self, path: str, body: object) -> Any:  # noqa: ANN401 - JSON
        """Send a body; return that of the answer. Raises Unexpected."""
        return (await self._ask("PUT", path, body)).body

    async def post(self, path: str, body: object = None) -> Told:
        """Send a body, or none; return the answer. Raises Unexpected unless it is a success."""
        return await self._ask("POST", path, body)

    async def all_of(self, path: str) -> Sequence[Mapping[str, Any]]:
        """Return the items of all pages of a list; `path` has a query. Raises Unexpected."""
        page = await self.get(f"{path}&limit=1000")
        items = list(page["items"])
        while page["next"] is not None:
            page = await self.get(f"{path}&limit=1000&after={quote(page['next'], safe='')}")
            items += page["items"]
        return items

    async def bring_in(self, kind: str, content: bytes) -> int:
        """Import lines of NDJSON; return how many. Raises Unexpected unless every line was accepted."""
        headers = {**self._headers, "Content-Type": "application/x-ndjson"}
        told = await self._send("POST", f"/v1/import/{kind}", headers=headers, data=content)
        if told.body["rejected"]:
            raise Unexpected(f"Importing {kind}: {told.body['errors'][:3]}")
        return int(told.body["accepted"])

    @property
    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}"}

    async def _ask(self, method: str, path: str, body: object = None) -> Told:
        sent = {} if body is None else {"json": body}
        return await self._send(method, path, headers=self._headers, **sent)

    async def _send(self, method: str, path: str, **request: Any) -> Told:  # noqa: ANN401 - aiohttp's own parameters
        async with self.session.request(method, self.address + path, **request) as response:
            text = await response.text()
            if not response.ok:
                raise Unexpected(f"{method} {path} by {self.person}: {response.status} {text}")
            return Told(response.status, await response.json())
