from __future__ import annotations

import re
from typing import Any

import jsonschema
import msgspec
import pytest
from openapi_spec_validator import validate

from api.examples import EXAMPLES
from api.openapi import document
from api.routes import ROUTES
from tests.api.house import AT_RISK, DEFECT, PRODUCT, House, Told, with_defect, with_install, with_releases


@pytest.fixture(scope="module")
def described() -> dict[str, Any]:
    told: dict[str, Any] = msgspec.json.decode(document(ROUTES))
    return told


def test_the_document_is_valid(described: dict[str, Any]) -> None:
    validate(described)


def test_every_route_has_its_own_name_and_a_sentence(described: dict[str, Any]) -> None:
    operations = [operation for path in described["paths"].values() for operation in path.values()]
    assert len(operations) == len(ROUTES)
    assert len({operation["operationId"] for operation in operations}) == len(ROUTES)
    assert all(operation["summary"].endswith(".") for operation in operations)


def test_every_body_has_an_example_that_it_would_take() -> None:
    bodies = {route.body for route in ROUTES} - {None}
    assert bodies == set(EXAMPLES)
    for wanted, example in EXAMPLES.items():
        msgspec.convert(example, wanted)


async def test_the_service_tells_the_document(house: House, described: dict[str, Any]) -> None:
    assert (await house.get("/openapi.json", role=None)).body == described


def schema_of(described: dict[str, Any], method: str, path: str, told: Told) -> dict[str, Any]:
    """Return what the document promises of an answer, with the parts that it refers to."""
    for template, operations in described["paths"].items():
        if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), path) and method.lower() in operations:
            response = operations[method.lower()]["responses"][str(told.status)]
            if "$ref" in response:
                response = described["components"]["responses"]["Problem"]
            media = told.headers["Content-Type"].partition(";")[0]
            schema: dict[str, Any] = response["content"][media]["schema"]
            return {**schema, "components": described["components"]}
    raise LookupError(path)


STORY: list[tuple[str, str, object]] = [
    ("GET", "/v1/products", None),
    ("GET", "/v1/products/notes", None),
    ("PUT", "/v1/products/notes", PRODUCT),
    ("PUT", "/v1/products/notes", {"name": 1}),
    ("GET", "/v1/products/none", None),
    ("GET", "/v1/products/notes/releases", None),
    ("PUT", "/v1/products/notes/releases/4.3.0", {"offered_at": "2026-01-01T00:00:00+01:00"}),
    ("PUT", "/v1/customers/c-2", {"name": "Ada", "email": "ada@example.com"}),
    ("GET", "/v1/customers/c-2", None),
    ("GET", "/v1/customers/c-2/export", None),
    ("PUT", "/v1/installs/i-9", {"product": "notes", "version": "4.1.3", "customer": "c-2", "footprint": AT_RISK}),
    ("GET", "/v1/installs/i-9", None),
    ("POST", "/v1/check", {"product": "notes", "from": "4.1.3", "to": "4.2.0", "footprint": AT_RISK, "explain": True}),
    ("POST", "/v1/check", {"product": "notes", "from": "4.2.1", "to": "4.2.2", "accept": ["NOTES-4411"]}),
    ("GET", "/v1/check?product=notes&from=4.1.3", None),
    ("POST", "/v1/defects", {**DEFECT, "id": "D-2", "title": "x" * 90}),
    ("PUT", "/v1/defects/D-2", {**DEFECT, "id": "D-2"}),
    ("POST", "/v1/defects/D-2/discard", None),
    ("POST", "/v1/defects/D-2/publish", None),
    ("PUT", "/v1/defects/NOTES-4411", {**DEFECT, "summary": "Other words."}),
    ("GET", "/v1/defects", None),
    ("GET", "/v1/defects/NOTES-4411", None),
    ("GET", "/v1/defects/NOTES-4411/revisions", None),
    ("POST", "/v1/audience", DEFECT),
    ("POST", "/v1/defects/NOTES-4411/object", {"reason": "Too loud.", "until": "2026-02-01T00:00:00Z"}),
    ("POST", "/v1/defects/NOTES-4411/pause", {"reason": "Wait.", "until": "2026-02-01T00:00:00Z"}),
    ("POST", "/v1/defects/NOTES-4411/resume", None),
    ("GET", "/v1/defects/NOTES-4411/audience", None),
    ("GET", "/v1/defects/NOTES-4411/progress", None),
    ("GET", "/v1/defects/NOTES-4411/ledger", None),
    ("GET", "/v1/defects/NOTES-4411/funnel", None),
    ("POST", "/v1/defects/NOTES-4411/test", {"to": "qa@example.com"}),
    ("GET", "/v1/notices?install=i-1", None),
    ("GET", "/v1/notices?defect=NOTES-4411", None),
    ("PUT", "/v1/defects/NOTES-4411", {**DEFECT, "severity": "degraded"}),
    ("POST", "/v1/defects/NOTES-4411/publish", None),
    ("POST", "/v1/defects/NOTES-4411/discard", None),
    ("POST", "/v1/defects/NOTES-4411/resolve", {"fixed_in": "4.2.2"}),
    ("GET", "/healthz", None),
    ("GET", "/readyz", None),
    ("GET", "/openapi.json", None),
]


async def test_live_answers_are_as_the_document_says(each_house: House, described: dict[str, Any]) -> None:
    await with_releases(each_house)
    await with_defect(each_house)
    await with_install(each_house)
    for method, path, body in STORY:
        request: dict[str, Any] = {} if body is None else {"json": body}
        told = await each_house.ask(method, path, **request)
        schema = schema_of(described, method, path.partition("?")[0], told)
        jsonschema.validate(told.body, schema, jsonschema.Draft202012Validator)
