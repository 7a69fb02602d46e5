"""What a vendor asks of its service over HTTP to have somebody to warn."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from tests.journeys.services import ADMIN_KEY, Client
from tests.notifier.stage import ERASES_V2, NOTES


def done(client: Client, method: str, path: str, body: object = None) -> Any:
    """Return the answer to what must succeed."""
    status, answer = client.ask(method, path, body)
    assert status in {200, 201}, answer
    return answer


def have_product(client: Client, product: str = "notes") -> None:
    """Declare a product with its releases, of which 4.2.0 will be found faulty."""
    done(client, "PUT", f"/v1/products/{product}", NOTES)
    have_releases(client, product)


def have_releases(client: Client, product: str) -> None:
    for version in ("4.1.0", "4.2.0"):
        body = {"offered_at": "2026-01-01T00:00:00Z"}
        done(client, "PUT", f"/v1/products/{product}/releases/{version}", body)


def file_and_publish(client: Client, **changes: Any) -> str:
    """Return the id of a published defect."""
    defect: str = done(client, "POST", "/v1/defects", {**ERASES_V2, **changes})["id"]
    done(client, "POST", f"/v1/defects/{defect}/publish")
    return defect


def imported(client: Client, kind: str, lines: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Import lines in one request; return what became of them."""
    connection = client.connect()
    headers = {"Authorization": f"Bearer {ADMIN_KEY}", "Content-Type": "application/x-ndjson"}
    try:
        connection.request("POST", f"/v1/import/{kind}", "\n".join(map(json.dumps, lines)), headers)
        answer: dict[str, Any] = json.loads(connection.getresponse().read())
    finally:
        connection.close()
    return answer


def places(answer: Mapping[str, Any]) -> list[str]:
    """Return the fields that a refusal names."""
    return [fault["at"] for fault in answer["errors"]]
