"""The service is killed with SIGKILL while check-ins arrive: what was acknowledged is there when it comes back."""

from __future__ import annotations

import json
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPResponse
from typing import Any

from tests.journeys.asking import done, have_product
from tests.journeys.services import ADMIN_KEY, Client, Service, serving

CONNECTIONS = 32
#: Check-ins of the lane that are acknowledged before the service is killed; each connection tells the same installs
#: anew.
ENOUGH = 400
#: Installs that each connection speaks of.
INSTALLS = 4


@dataclass
class Speaking:
    """Connections that check installs in until the service is dead."""

    service: Service
    client: Client
    #: What was told last and acknowledged, and what was told after it without an answer, by install.
    acknowledged: dict[str, dict[str, Any]] = field(default_factory=dict)
    unanswered: dict[str, dict[str, Any]] = field(default_factory=dict)
    #: The ids of the requests that were answered: those that the lane gave, and those of the application.
    of_lane: set[str] = field(default_factory=set)
    of_application: set[str] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def until_dead(self) -> None:
        with ThreadPoolExecutor(CONNECTIONS) as pool:
            for speaking in [pool.submit(self._speak, number) for number in range(CONNECTIONS)]:
                speaking.result()

    def _speak(self, number: int) -> None:
        connection = self.client.connect()
        try:
            turn = 0
            while self._check_in(connection, f"i-{number}-{turn % INSTALLS}", told(turn)):
                turn += 1
        finally:
            connection.close()

    def _check_in(self, connection: HTTPConnection, install: str, body: dict[str, Any]) -> bool:
        """Check an install in; False: the service died before it answered."""
        self.unanswered[install] = body
        try:
            connection.send(request(install, body))
            response = HTTPResponse(connection.sock, method="PUT")
            response.begin()
            answer = response.read()
        except (OSError, HTTPException):
            return False
        assert response.status == 200, answer
        self.acknowledged[install] = self.unanswered.pop(install)
        self._count(response.headers["X-Request-Id"])
        return True

    def _count(self, request_id: str) -> None:
        """Count an answer, and strike when there are enough. The lane numbers its requests behind a dash."""
        with self._lock:
            (self.of_lane if "-" in request_id else self.of_application).add(request_id)
            if len(self.of_lane) == ENOUGH:
                self.service.kill()


def request(install: str, body: dict[str, Any]) -> bytes:
    """Return a check-in in one piece, as the lane takes it: the client of the library sends the body by itself."""
    text = json.dumps(body)
    head = [f"PUT /v1/installs/{install} HTTP/1.1", "Host: x", "Content-Type: application/json"]
    lines = [*head, f"Authorization: Bearer {ADMIN_KEY}", f"Content-Length: {len(text)}", "", text]
    return "\r\n".join(lines).encode()


def told(turn: int) -> dict[str, Any]:
    """Return what an install tells in a turn: never twice the same."""
    version = "4.1.0" if turn // INSTALLS % 2 else "4.2.0"
    return {"product": "notes", "version": version, "footprint": {"notebooks": turn, "storage_format": "v3"}}


def kept(client: Client, install: str) -> dict[str, Any]:
    view = done(client, "GET", f"/v1/installs/{install}")
    return {name: view[name] for name in ("product", "version", "footprint")}


def test_each_acknowledged_check_in_is_there_after_the_service_was_killed(empty_url: str) -> None:
    with serving(empty_url) as (service, client):
        have_product(client)
        speaking = Speaking(service, client)
        speaking.until_dead()
        assert service.ended() == -signal.SIGKILL, service.log
    # The application writes a line for each of its requests, the lane for none. It takes a check-in that comes while
    # aiohttp waits for one; the others, such as the first of a connection, pass it by.
    logged = {line["request_id"] for line in service.log if line["event"] == "request"}
    assert speaking.of_application <= logged
    assert not speaking.of_lane & logged
    assert len(speaking.of_lane) >= ENOUGH
    with serving(empty_url) as (_, client):
        for install, body in speaking.acknowledged.items():
            # What was under way may have been stored; what was answered must have been.
            assert kept(client, install) in [body, speaking.unanswered.get(install, body)], install
