"""Several processes on one port: one that dies is replaced, and none outlives its parent."""

from __future__ import annotations

import os
import signal
import time

from tests.journeys.services import Client, Service, eventually, serving
from tests.notifier.stage import NOTES


def both(service: Service, client: Client) -> set[int]:
    """Return the process ids of both workers, once the second serves too."""
    first = next(entry["process"] for entry in service.log if entry["event"] == "serving")
    second = service.logged("serving")["process"]
    eventually(client.is_ready)
    return {first, second}


def test_two_workers_serve_one_database(empty_url: str) -> None:
    with serving(empty_url, workers="2") as (service, client):
        assert len(both(service, client)) == 2
        assert client.ask("PUT", "/v1/products/notes", NOTES)[0] == 200
        question = {"product": "notes", "from": "4.1.0"}
        for _ in range(20):
            eventually(lambda: client.ask("POST", "/v1/check", question)[0] == 200)


def test_sigterm_ends_them_all(sqlite_url: str) -> None:
    with serving(sqlite_url, workers="2") as (service, client):
        workers = both(service, client)
        before = time.monotonic()
        service.terminate()
        assert service.ended() == 0
        assert time.monotonic() - before < 20
        assert [entry["event"] for entry in service.log].count("stopped") == len(workers)


def test_a_worker_that_dies_is_replaced_while_the_other_serves(sqlite_url: str) -> None:
    with serving(sqlite_url, workers="2") as (service, client):
        workers = both(service, client)
        victim = min(workers)
        os.kill(victim, signal.SIGKILL)
        died = service.logged("worker_died")
        assert (died["process"], died["exit_code"]) == (victim, -signal.SIGKILL)
        assert service.logged("serving")["process"] not in workers
        eventually(client.is_ready)
        service.terminate()
        assert service.ended() == 0


def test_workers_stop_when_their_parent_is_killed(sqlite_url: str) -> None:
    with serving(sqlite_url, workers="2") as (service, client):
        both(service, client)
        service.kill()
        service.ended()  # the log ends when the last of them has closed it
        assert [entry["event"] for entry in service.log].count("stopped") == 2
