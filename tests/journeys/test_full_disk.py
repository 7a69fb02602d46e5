"""The disk is full for a while: the service says so, keeps what it has acknowledged, and goes on when there is room."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journeys.asking import done, file_and_publish, have_product
from tests.journeys.full_disks import Disk, LimitedFiles, small_disk
from tests.journeys.services import Client, Service, eventually, serving
from tests.notifier.post_office import PostOffice, message_id, open_post_office
from tests.notifier.stage import AT_RISK, SAFE

CUSTOMERS = 12


@pytest.fixture(
    params=[
        pytest.param(
            "limited",
            marks=pytest.mark.skipif(sys.platform != "linux", reason="limits of another process are a part of Linux"),
        ),
        pytest.param("mounted", marks=pytest.mark.torture),
    ]
)
def disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Disk]:
    if request.param == "limited":
        yield LimitedFiles(tmp_path)
        return
    folder = tmp_path / "disk"
    folder.mkdir()
    with small_disk(folder) as mounted:
        yield mounted


async def test_a_full_disk_is_told_and_nothing_acknowledged_is_lost(disk: Disk) -> None:
    office = PostOffice()
    async with open_post_office(office):
        await asyncio.to_thread(_fill_and_free, disk, office)
    assert {address for mail in office.received for address in mail.rcpt_tos} == set(map(_address, range(CUSTOMERS)))
    mails = {(mail.rcpt_tos[0], message_id(mail)) for mail in office.received}
    assert len(mails) == CUSTOMERS


def _fill_and_free(disk: Disk, office: PostOffice) -> None:
    mail = {"smtp": f"smtp://127.0.0.1:{office.port}?starttls=never", "mail_from": "Notes <a@notes.example>"}
    running = serving(f"sqlite:///{disk.folder}/forewarn.db", **mail, lease_seconds="2")
    with running as (service, client):
        have_product(client)
        acknowledged = {number for number in range(CUSTOMERS) if _check_in(client, number) == 200}
        assert acknowledged == set(range(CUSTOMERS))
        process = service.process.pid
        disk.fill(process)
        _refuses_to_write(client)
        disk.free(process)
        eventually(lambda: _check_in(client, 100) == 200)
        defect = file_and_publish(client)
        # In the midst of sending, as seen from the mail server.
        eventually(lambda: len(office.received) > 0)
        disk.fill(process)
        eventually(lambda: _check_in(client, 101) == 503)
        disk.free(process)
        eventually(lambda: _is_told(client, defect))
        for number in (*acknowledged, 100):
            assert client.ask("GET", f"/v1/installs/i{number}")[0] == 200
        _ends_well(service)


def _refuses_to_write(client: Client) -> None:
    """It says that it cannot store, and goes on answering what needs no room."""
    eventually(lambda: _check_in(client, 100) == 503)
    assert client.ask("GET", "/healthz")[0] == 200
    assert client.ask("GET", "/v1/installs/i1")[0] == 200
    status, verdict = client.ask("POST", "/v1/check", {"product": "notes", "from": "4.1.0", "to": "4.2.0"})
    assert (status, verdict["decision"]) == (200, "proceed")


def _check_in(client: Client, number: int) -> int:
    """Let an install check in; the first ones are held by a customer at risk each."""
    body: dict[str, object] = {"product": "notes", "version": "4.1.0", "footprint": AT_RISK}
    if number >= CUSTOMERS:
        body["footprint"] = SAFE
    else:
        done(client, "PUT", f"/v1/customers/c{number}", {"name": f"C {number}", "email": _address(number)})
        body["customer"] = f"c{number}"
    return client.ask("PUT", f"/v1/installs/i{number}", body)[0]


def _address(number: int) -> str:
    return f"c{number}@example.com"


def _is_told(client: Client, defect: str) -> bool:
    progress = client.ask("GET", f"/v1/defects/{defect}/progress")[1]
    return bool(progress["sent"] == progress["total"] == CUSTOMERS)


def _ends_well(service: Service) -> None:
    service.terminate()
    assert service.ended() == 0
