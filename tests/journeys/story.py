"""A vendor's story on a real service that is killed in the middle, as often as it takes, and told to its end."""

from __future__ import annotations

import random
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.client import HTTPException
from typing import Any

from tests.journeys.asking import have_product, imported
from tests.journeys.killing import Event, ObservedOffice, Phase
from tests.journeys.services import Client, eventually, serving
from tests.notifier.stage import AT_RISK, ERASES_V2, SAFE

DEFECT = "NOTES-4411"

#: Installs that check in while the story is told are held by so many customers, every other of them at risk.
LATE = 100


@dataclass(frozen=True)
class Fleet:
    """Who holds what before the defect is filed."""

    at_risk: int = 120
    safe: int = 20
    upgraded: int = 10

    def customers(self) -> list[str]:
        """Return all, in an order that spreads those at risk over the pages of a sweep."""
        known = sorted({install["customer"] for install in self.installs()} | {f"late-{no}" for no in range(LATE)})
        random.Random(1).shuffle(known)
        return known

    def installs(self) -> Iterator[dict[str, Any]]:
        """Yield the lines of an import; each tenth customer at risk has a second install."""
        for number in range(self.at_risk):
            for copy in (1, 2) if number % 10 == 0 else (1,):
                yield self._install(f"risk-{number}", copy, "4.1.0", AT_RISK)
        for number in range(self.safe):
            yield self._install(f"safe-{number}", 1, "4.1.0", SAFE)
        for number in range(self.upgraded):
            yield self._install(f"upgraded-{number}", 1, "4.2.0", AT_RISK)

    @staticmethod
    def _install(customer: str, copy: int, version: str, footprint: Mapping[str, Any]) -> dict[str, Any]:
        body = {"product": "notes", "version": version, "customer": customer, "footprint": footprint}
        return {"install": f"{customer}-{copy}", **body}


@dataclass
class Story:
    """Filed, published and told to everybody at risk, while installs go on checking in."""

    database: str
    office: ObservedOffice
    fleet: Fleet = field(default_factory=Fleet)
    severity: str = "data-loss"
    #: Installs of which a check-in was acknowledged after the story began.
    checked_in: list[str] = field(default_factory=list)
    progress: Mapping[str, Any] = field(default_factory=dict)
    ledger: Mapping[str, Any] = field(default_factory=dict)
    _restarting: threading.Lock = field(init=False, default_factory=threading.Lock)
    _services: ExitStack = field(init=False, default_factory=ExitStack)

    def tell(self) -> None:
        """Tell it to the end; the last service is stopped as it should be."""
        with self._services:
            self._start()
            self._set_up()
            with self._checking_in() as fine:
                self._act(Phase.FILING, "/v1/defects", {**ERASES_V2, "severity": self.severity}, 201)
                self._act(Phase.PUBLISHING, f"/v1/defects/{DEFECT}/publish", None, 200)
                self.office.killer.enter(Phase.SENDING)
                for left in reversed(range(self.office.killer.moments_left)):
                    eventually(lambda left=left: fine() and self.office.killer.moments_left <= left)  # type: ignore[misc]
                eventually(lambda: fine() and len(self.office.received) >= self.fleet.at_risk // 2)
            eventually(self._is_told)
            self.ledger = self.ask("GET", f"/v1/defects/{DEFECT}/ledger")[1]
            self._service.terminate()
            assert self._service.ended() == 0

    def warned(self) -> set[str]:
        """Return the addresses of those who must have been warned."""
        late = {int(install.removeprefix("late-")) for install in self.checked_in}
        customers = {f"late-{number % LATE}" for number in late if number % 2}
        return {f"{each}@example.com" for each in customers | {f"risk-{no}" for no in range(self.fleet.at_risk)}}

    def recovered(self) -> set[str]:
        """Return the addresses of those who had upgraded before anybody knew."""
        return {f"upgraded-{number}@example.com" for number in range(self.fleet.upgraded)}

    def ask(self, method: str, path: str, body: object = None) -> tuple[int, Any, int]:
        """Return status and answer, and how often it was asked: again after each time that the service had died."""
        asked = 0
        while True:
            client = self._client
            asked += 1
            try:
                return *client.ask(method, path, body), asked
            except (OSError, HTTPException):
                self._start_again(client)

    def _start(self) -> None:
        settings = {
            "smtp": f"smtp://127.0.0.1:{self.office.port}?starttls=never",
            "mail_from": "Notes Ltd <warnings@notes.example>",
            "lease_seconds": "2",
        }
        running = serving(self.database, **settings)
        self._service, self._client = self._services.enter_context(running)
        self.office.killer.arm(self._service.kill)

    def _start_again(self, failed: Client) -> None:
        """Start the service anew; whoever comes first does it for all."""
        with self._restarting:
            if self._client is failed:
                assert self._service.ended() == -signal.SIGKILL, self._service.log
                self._start()

    def _set_up(self) -> None:
        have_product(self._client)
        customers = [
            {"customer": each, "name": each, "email": f"{each}@example.com"} for each in self.fleet.customers()
        ]
        assert imported(self._client, "customers", customers)["rejected"] == 0
        assert imported(self._client, "installs", self.fleet.installs())["rejected"] == 0

    def _act(self, phase: Phase, path: str, body: object, done: int) -> None:
        """Do it in this phase; a second attempt may find that the first, unanswered one was carried out."""
        self.office.killer.enter(phase)
        status, answer, asked = self.ask("POST", path, body)
        assert status == done or (status == 409 and asked > 1), answer

    @contextmanager
    def _checking_in(self) -> Iterator[Callable[[], bool]]:
        """Let installs check in, one after the other; yields what fails once one of them has."""
        enough = threading.Event()
        with ThreadPoolExecutor(1) as pool:
            at_work: Future[None] = pool.submit(self._check_in_until, enough)

            def fine() -> bool:
                if at_work.done():
                    at_work.result()
                return True

            try:
                yield fine
            finally:
                enough.set()
        at_work.result()

    def _check_in_until(self, enough: threading.Event) -> None:
        number = 0
        while not enough.is_set():
            install = f"late-{number}"
            body = {
                "product": "notes",
                "version": "4.1.0",
                "customer": f"late-{number % LATE}",
                "footprint": AT_RISK if number % 2 else SAFE,
            }
            status, answer, _ = self.ask("PUT", f"/v1/installs/{install}", body)
            assert status == 200, answer
            self.checked_in.append(install)
            self.office.killer.happened(Event.CHECK_IN)
            number += 1

    def _is_told(self) -> bool:
        """Tell whether everybody has a mail or is in doubt, and nothing is under way."""
        self.progress = self.ask("GET", f"/v1/defects/{DEFECT}/progress")[1]
        settled = self.progress["sent"] + self.progress["in_doubt"]
        return bool(settled == self.progress["total"] == len(self.warned()) + len(self.recovered()))
