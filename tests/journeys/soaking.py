"""A served process under everything at once: check-ins, checks, imports, publications; and what is held of it after."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from statistics import fmean
from typing import Any

from tests.journeys.asking import done, have_product, imported
from tests.journeys.services import Client, beside, serving
from tests.notifier.stage import ERASES_V2

#: Threads that check in, each for installs of its own, and the installs of one.
WRITERS, OWN = 3, 60
#: Lines of one import.
LINES = 300
#: MiB that a connection keeps of the file, so that these caches fill at once: what grows after that is a leak.
PAGE_CACHE = 1
#: Seconds between two looks at the memory.
LOOK = 0.25


@dataclass
class Soak:
    """Keeps a service at work for some seconds."""

    database: str
    seconds: float
    #: Notebooks last acknowledged, by install.
    acknowledged: dict[str, int] = field(default_factory=dict)
    #: Bytes of resident memory, one look after the other.
    resident: list[int] = field(default_factory=list)
    log: list[dict[str, Any]] = field(default_factory=list)
    published: int = 0
    checked: int = 0
    _until: float = 0.0
    #: A second person's, who signs what takes a warning back.
    _other_key: str = ""

    def run(self) -> None:
        """Do it all; raises whatever any of the parts met."""
        with serving(self.database, page_cache=str(PAGE_CACHE)) as (service, client):
            have_product(client)
            done(client, "PUT", "/v1/products/notes/releases/4.2.2", {"offered_at": "2026-01-02T00:00:00Z"})
            self._other_key = beside(self.database, "keys", "create", "--role", "approver", "--name", "Omar").strip()
            self._until = time.monotonic() + self.seconds
            parts: list[Callable[[Client], None]] = [self._check, self._import, self._publish]
            with ThreadPoolExecutor(WRITERS + len(parts) + 1) as pool:
                work = [pool.submit(part, client) for part in parts]
                work += [pool.submit(self._check_in, client, writer) for writer in range(WRITERS)]
                work.append(pool.submit(self._look, service.process.pid))
                for each in work:
                    each.result()
            self._find_everything(client)
            service.terminate()
            assert service.ended() == 0
            self.log = service.log

    def growth(self) -> float:
        """Return by how many bytes the memory grew on average from the second quarter to the last."""
        quarter = len(self.resident) // 4
        return fmean(self.resident[-quarter:]) - fmean(self.resident[quarter : 2 * quarter])

    def _goes_on(self) -> bool:
        return time.monotonic() < self._until

    def _check_in(self, client: Client, writer: int) -> None:
        with kept(client) as ask:
            count = 0
            while self._goes_on():
                install, count = f"w{writer}-{count % OWN}", count + 1
                facts = {"notebooks": count, "storage_format": "v2" if count % 3 else "v3"}
                version = "4.1.0" if count % 5 else "4.2.0"
                status, answer = ask(
                    "PUT", f"/v1/installs/{install}", {"product": "notes", "version": version, "footprint": facts}
                )
                assert status == 200, answer
                self.acknowledged[install] = count

    def _check(self, client: Client) -> None:
        question = {"product": "notes", "from": "4.1.0", "to": "4.2.0", "footprint": {"notebooks": 1}}
        with kept(client) as ask:
            while self._goes_on():
                status, answer = ask("POST", "/v1/check", question)
                assert status == 200, answer
                self.checked += 1

    def _import(self, client: Client) -> None:
        count = 0
        while self._goes_on():
            count += 1
            lines = [
                {"install": f"i-{number}", "product": "notes", "version": "4.1.0", "footprint": {"notebooks": count}}
                for number in range(LINES)
            ]
            report = imported(client, "installs", lines)
            assert (report["accepted"], report["rejected"]) == (LINES, 0), report
            self.acknowledged.update({f"i-{number}": count for number in range(LINES)})

    def _publish(self, client: Client) -> None:
        """Publish a defect and take it back by two people, again and again."""
        while self._goes_on():
            defect = f"NOTES-{self.published}"
            done(client, "POST", "/v1/defects", {**ERASES_V2, "id": defect})
            done(client, "POST", f"/v1/defects/{defect}/publish")
            for asker in (client, Client(client.address, self._other_key)):
                status, answer = asker.ask("POST", f"/v1/defects/{defect}/withdraw", {"reason": "It was the test rig."})
                assert status in {200, 202}, answer
            self.published += 1

    def _look(self, process: int) -> None:
        status = Path(f"/proc/{process}/status")
        while self._goes_on():
            line = next(line for line in status.read_text().splitlines() if line.startswith("VmRSS"))
            self.resident.append(int(line.split()[1]) * 1024)
            threading.Event().wait(LOOK)

    def _find_everything(self, client: Client) -> None:
        """Check that each install is as it was last acknowledged."""
        with kept(client) as ask:
            for install, notebooks in self.acknowledged.items():
                status, view = ask("GET", f"/v1/installs/{install}", None)
                assert (status, view["footprint"]["notebooks"]) == (200, notebooks), install


Ask = Callable[[str, str, object], tuple[int, Any]]


@contextmanager
def kept(client: Client) -> Iterator[Ask]:
    """Yield what asks over one connection that is kept."""
    connection: HTTPConnection = client.connect()

    def ask(method: str, path: str, body: object) -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {client.key}", "Content-Type": "application/json"}
        connection.request(method, path, None if body is None else json.dumps(body), headers)
        response = connection.getresponse()
        return response.status, json.loads(response.read() or b"null")

    try:
        yield ask
    finally:
        connection.close()
