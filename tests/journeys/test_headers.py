"""Hostile texts that come in by HTTP and go out by mail: refused at their field, or harmless on the wire."""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

from tests.journeys.asking import done, have_releases, places
from tests.journeys.services import Client, eventually, serving
from tests.notifier.post_office import PostOffice, open_post_office
from tests.notifier.stage import ERASES_V2, NOTES

#: Those of the shared addresses that are one plain address.
PLAIN = {"a@xn--e1afmkfd.example"}


def vectors(data: Path, key: str) -> list[str]:
    found: dict[str, list[str]] = json.loads((data / "security/email/header_injection_vectors.json").read_text("utf-8"))
    return found[key]


@dataclass
class Vendor:
    """Tells one customer of one product's defect, for each name and title it is given."""

    client: Client
    #: Which text was refused where, and which was taken.
    refused: set[tuple[str, str]] = field(default_factory=set)
    taken: set[tuple[str, str]] = field(default_factory=set)
    told: list[str] = field(default_factory=list)

    def tell(self, number: int, text: str) -> None:
        """Warn of a defect, with `text` as its title and as the name of the customer and of the product."""
        product, customer = f"p{number}", f"c{number}"
        self._send("PUT", f"/v1/products/{product}", {**NOTES, "name": text}, "/name")
        have_releases(self.client, product)
        self._send("PUT", f"/v1/customers/{customer}", {"name": text, "email": f"{customer}@example.com"}, "/name")
        install = {"product": product, "version": "4.1.0", "customer": customer}
        done(self.client, "PUT", f"/v1/installs/i{number}", install)
        defect = {**ERASES_V2, "id": f"D-{number}", "product": product, "title": text}
        self._send("POST", "/v1/defects", defect, "/title")
        done(self.client, "POST", f"/v1/defects/D-{number}/publish")
        self.told.append(f"{customer}@example.com")

    def _send(self, method: str, path: str, body: dict[str, Any], at: str) -> None:
        """Send it; where the text at `at` is refused, send it with a harmless one."""
        text = body[at.removeprefix("/")]
        status, answer = self.client.ask(method, path, body)
        if status == 422:
            assert places(answer) == [at]
            self.refused.add((at, text))
            done(self.client, method, path, {**body, at.removeprefix("/"): "Harmless"})
        else:
            assert status in {200, 201}, answer
            self.taken.add((at, text))


async def test_no_text_that_comes_in_by_http_adds_a_header_to_a_mail(data: Path, sqlite_url: str) -> None:
    hostile = vectors(data, "vectors")
    async with open_post_office() as office:
        vendor = await asyncio.to_thread(_warn_of_all, sqlite_url, office, ["Notes", *hostile])
    assert office.recipients() == sorted(vendor.told)
    expected, *found = (header_names(content) for content in office.contents())
    assert found == [expected] * len(hostile)
    # What breaks a line is refused; encoded words are taken, and written so that nobody decodes them.
    assert {text for _, text in vendor.refused} == {text for text in hostile if not text.isprintable()}
    assert vendor.taken - {("/name", "Notes"), ("/title", "Notes")} == {
        (at, text) for at in ("/name", "/title") for text in hostile if text.isprintable()
    }


def _warn_of_all(url: str, office: PostOffice, texts: list[str]) -> Vendor:
    smtp = f"smtp://127.0.0.1:{office.port}?starttls=never"
    with serving(url, smtp=smtp, mail_from="Notes Ltd <warnings@notes.example>") as (_, client):
        vendor = Vendor(client)
        for number, text in enumerate(texts):
            vendor.tell(number, text)
            eventually(lambda so_far=number + 1: len(office.received) >= so_far)  # type: ignore[misc]
        return vendor


def header_names(content: bytes) -> tuple[list[str], list[str], list[str]]:
    """Return the names of the header lines: as they stand, as they are read, and as they are after being written."""
    head = content.partition(b"\r\n\r\n")[0]
    lines = [line for line in re.split(rb"\r\n|\r|\n", head) if line[:1] not in {b" ", b"\t"}]
    parsed = message_from_bytes(content, policy=policy.default)
    again = message_from_bytes(parsed.as_bytes(policy=policy.SMTP))
    return [line.partition(b":")[0].decode("ascii") for line in lines], parsed.keys(), again.keys()


def test_an_address_that_is_more_than_one_is_refused_at_its_field(data: Path, sqlite_url: str) -> None:
    with serving(sqlite_url) as (_, client):
        for address in vectors(data, "addresses"):
            status, answer = client.ask("PUT", "/v1/customers/eve", {"name": "Eve", "email": address})
            if address in PLAIN:
                assert status in {200, 201}
            else:
                assert (status, places(answer)) == (422, ["/email"]), address
