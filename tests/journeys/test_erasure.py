"""Erased, a customer is nowhere any more: not in the database file, its log, a backup made afterwards, nor in the
service's own log; and the audit's chain is whole."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path

from tests.journeys.asking import done, file_and_publish, have_product
from tests.journeys.services import Client, Service, beside, eventually, run, serving
from tests.notifier.post_office import PostOffice, open_post_office
from tests.notifier.stage import AT_RISK

#: What a customer leaves behind; each part is a text that nothing else holds.
GONE = {
    "customer": "C-zebulon-7731",
    "name": "Zebulon Quagmire",
    "email": "zebulon@quagmire.example.com",
    "locale": "de-AT",
    "partner": "Quagmire Resellers",
    "webhook": "https://hooks.quagmire.example.com/zebulon",
}
TEXTS = [text for field, text in GONE.items() if field != "locale"] + ["quagmire", "Zebulon"]
KEPT = {"name": "Somebody Else", "email": "else@example.com"}


def found_in(path: Path) -> list[str]:
    """Return the texts that are anywhere in a file, or in it as JSON, hexadecimal digits or UTF-16 write them."""
    content = path.read_bytes().lower()
    forms = {text: (text.encode(), text.encode("utf-16-le"), text.encode().hex().encode()) for text in TEXTS}
    return [text for text, written in forms.items() if any(form.lower() in content for form in written)]


async def test_nothing_of_an_erased_customer_is_left_in_any_file(migrated_sqlite_url: str, tmp_path: Path) -> None:
    async with open_post_office() as office:
        office.refusals[GONE["email"]] = f"450 4.2.1 <{GONE['email']}>: the mailbox of Zebulon Quagmire is busy"
        await asyncio.to_thread(_story, migrated_sqlite_url, tmp_path, office)


def _story(database: str, folder: Path, office: PostOffice) -> None:
    file = Path(database.removeprefix("sqlite:///"))
    smtp = f"smtp://127.0.0.1:{office.port}?starttls=never"
    with serving(database, smtp=smtp, mail_from="Notes Ltd <warnings@notes.example>") as (service, client):
        _have_customers(client)
        file_and_publish(client)
        eventually(lambda: bool(office.received) and _tried(client))
        assert found_in(file) or found_in(file.with_name(f"{file.name}-wal"))
        status, _ = client.ask("DELETE", f"/v1/customers/{GONE['customer']}")
        assert status == 204
        beside(database, "compact")
        _check_files(file)
        beside(database, "backup", str(folder / "after.db"))
        assert found_in(folder / "after.db") == []
        assert client.ask("GET", f"/v1/customers/{GONE['customer']}")[0] == 404
        assert done(client, "GET", "/v1/customers/other")["name"] == KEPT["name"]
        service.terminate()
        assert service.ended() == 0
    _check_files(file)
    _check_log(service)
    assert run(database, "doctor").returncode == 0


def _have_customers(client: Client) -> None:
    have_product(client)
    _put_twice(client, f"/v1/customers/{GONE['customer']}", {**GONE, "customer": None})
    done(client, "PUT", "/v1/customers/other", KEPT)
    for install, customer in (("i-1", GONE["customer"]), ("i-2", GONE["customer"]), ("i-3", "other")):
        body = {"product": "notes", "version": "4.1.0", "customer": customer, "footprint": AT_RISK}
        _put_twice(client, f"/v1/installs/{install}", body)
    done(client, "POST", f"/v1/customers/{GONE['customer']}/claim-codes", {"uses": 2})
    done(client, "PUT", f"/v1/customers/{GONE['customer']}/preferences", {"webhook": "data-loss"})
    question = {"product": "notes", "from": "4.1.0", "to": "4.2.0", "install": "i-1"}
    done(client, "POST", "/v1/check", question)


def _put_twice(client: Client, path: str, body: Mapping[str, object]) -> None:
    """Store something under a key of its own, so that the answer is kept."""
    values = {name: value for name, value in body.items() if value is not None}
    for _ in range(2):
        connection = client.connect()
        headers = {"Authorization": f"Bearer {client.key}", "Content-Type": "application/json"}
        connection.request("PUT", path, json.dumps(values), {**headers, "Idempotency-Key": path})
        response = connection.getresponse()
        assert response.status == 200, response.read()
        connection.close()


def _tried(client: Client) -> bool:
    """Say whether the erased one's mail was refused, so that the server's words about it are kept."""
    exported = done(client, "GET", f"/v1/customers/{GONE['customer']}/export")
    return any("busy" in (delivery["reply"] or "") for delivery in exported["deliveries"])


def _check_files(file: Path) -> None:
    for path in (file, file.with_name(f"{file.name}-wal"), file.with_name(f"{file.name}-shm")):
        if path.exists():
            assert found_in(path) == [], path.name


def _check_log(service: Service) -> None:
    written = json.dumps(service.log).lower()
    assert [text for text in TEXTS if text.lower() in written] == []


def test_who_was_erased_after_a_backup_is_erased_again_when_it_is_restored(
    migrated_sqlite_url: str, tmp_path: Path
) -> None:
    backup, listed = tmp_path / "before.db", tmp_path / "erased.ndjson"
    with serving(migrated_sqlite_url) as (_, client):
        _have_customers(client)
        beside(migrated_sqlite_url, "backup", str(backup))
        assert client.ask("DELETE", f"/v1/customers/{GONE['customer']}")[0] == 204
        listed.write_text(beside(migrated_sqlite_url, "customer", "erased"))
    assert found_in(listed) == []
    assert found_in(backup)
    beside(migrated_sqlite_url, "restore", str(backup), "--force")
    _check_files(Path(migrated_sqlite_url.removeprefix("sqlite:///")))
    elsewhere = f"sqlite:///{tmp_path}/elsewhere.db"
    beside(elsewhere, "restore", str(backup), "--erased", str(listed))
    _check_files(tmp_path / "elsewhere.db")
    assert json.loads(beside(elsewhere, "customer", "export", "other"))["customer"]["name"] == KEPT["name"]
