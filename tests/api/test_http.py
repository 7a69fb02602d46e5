from __future__ import annotations

import asyncio
from dataclasses import replace
from io import BytesIO
from typing import Any

import pytest
from aiohttp import web
from structlog.testing import capture_logs

from api.app import create_app
from api.asking import Answer, Ask, Parts, Policy, Route
from api.keys import Role
from storage import Database, DatabaseUnavailable, Tx, open_database
from tests.api.conftest import Serve
from tests.api.house import DEFECT, PRODUCT, House, Served, Told, a_house, with_defect, with_releases
from tests.conftest import FakeClock


def is_problem(told: Told, status: int) -> bool:
    return (
        told.status == status == told.body["status"]
        and told.headers["Content-Type"] == "application/problem+json"
        and told.body["type"].startswith("urn:forewarn:problem:")
        and bool(told.body["title"] and told.body["detail"])
        and told.body["request_id"] == told.headers["X-Request-Id"]
    )


async def test_an_address_that_is_none_is_a_problem(house: House) -> None:
    assert is_problem(await house.get("/v1/nothing", role=None), 404)


async def test_another_method_is_refused_with_those_that_are_allowed(house: House) -> None:
    told = await house.ask("PATCH", "/v1/products/notes")
    assert is_problem(told, 405)
    assert told.headers["Allow"] == "GET, HEAD, PUT"


@pytest.mark.parametrize(
    ("text", "status"),
    [(b"{", 400), (b"", 400), (b"\xff\xfe", 400), (b'{"name": NaN}', 400), (b"[]", 422), (b'{"name": 1e400}', 422)],
)
async def test_a_body_that_is_not_what_it_should_be_is_refused(house: House, text: bytes, status: int) -> None:
    headers = {"Content-Type": "application/json"}
    assert is_problem(await house.ask("PUT", "/v1/products/p", data=text, headers=headers), status)


@pytest.mark.parametrize("media_type", ["text/plain", "application/xml", "application/json; charset=utf-16", ""])
async def test_a_body_of_another_media_type_is_refused(house: House, media_type: str) -> None:
    headers = {"Content-Type": media_type}
    told = await house.ask("PUT", "/v1/products/p", data=b"{}", headers=headers)
    assert is_problem(told, 415)


async def test_a_body_over_the_limit_is_refused(house: House) -> None:
    body = BytesIO(b" " * 1_100_000)
    headers = {"Content-Type": "application/json"}
    assert is_problem(await house.ask("PUT", "/v1/products/p", data=body, headers=headers), 413)


async def test_a_body_over_the_limit_is_refused_though_it_does_not_say_how_long_it_is(house: House) -> None:
    async def endless() -> Any:
        for _ in range(40):
            yield b" " * 65536

    headers = {"Content-Type": "application/json"}
    assert is_problem(await house.ask("PUT", "/v1/products/p", data=endless(), headers=headers), 413)


async def test_a_body_that_does_not_arrive_in_time_is_given_up(
    aiohttp_client: Serve, migrated_sqlite_url: str, clock: FakeClock
) -> None:
    database = open_database(migrated_sqlite_url)
    house = await a_house(aiohttp_client, database, clock, Policy(body_seconds=0.05))
    enough = asyncio.Event()

    async def slow() -> Any:
        yield b"{"
        await enough.wait()

    headers = {"Content-Type": "application/json"}
    told = await house.ask("PUT", "/v1/products/p", data=slow(), headers=headers)
    enough.set()
    assert is_problem(told, 408)
    await database.close()


async def test_an_act_without_a_body_needs_no_media_type_and_takes_no_body(house: House) -> None:
    await with_releases(house)
    await house.post("/v1/defects", DEFECT)
    refused = await house.post("/v1/defects/NOTES-4411/publish", {"x": 1})
    published = await house.post("/v1/defects/NOTES-4411/publish")
    assert is_problem(refused, 400)
    assert (published.status, published.body["state"]) == (200, "published")


@pytest.mark.parametrize(
    ("query", "at"),
    [
        ("?colour=red", "/colour"),
        ("?limit=0", "/limit"),
        ("?limit=1001", "/limit"),
        ("?limit=ten", "/limit"),
        ("?limit=1&limit=2", "/limit"),
        ("?after=%00", "/after"),
        ("?after=", "/after"),
    ],
)
async def test_a_query_parameter_that_is_wrong_is_refused_at_its_name(house: House, query: str, at: str) -> None:
    told = await house.get(f"/v1/products{query}")
    assert is_problem(told, 422)
    assert [error["at"] for error in told.body["errors"]] == [at]


async def test_a_parameter_whose_text_is_null_is_a_name_like_any_other(house: House) -> None:
    await house.put("/v1/products/null", PRODUCT)
    await house.post("/v1/defects", DEFECT)
    told = await house.get("/v1/defects?product=null")
    assert (told.status, told.body["items"]) == (200, [])


async def test_unknown_fields_and_duplicate_keys_are_refused_at_their_place(house: House) -> None:
    unknown = await house.put("/v1/products/p", {**PRODUCT, "colour": "red"})
    text = b'{"name": "N", "version_scheme": "semver", "facts": {"a": {"type": "string", "type": "string"}}}'
    twice = await house.ask("PUT", "/v1/products/p", data=text, headers={"Content-Type": "application/json"})
    assert unknown.body["errors"][0]["at"] == "/colour"
    assert twice.body["errors"][0]["at"] == "/facts/a/type"
    assert (unknown.status, twice.status) == (422, 422)
    assert (await house.get("/v1/products/p")).status == 404


@pytest.mark.parametrize(
    "path",
    [
        "/v1/products/%00",
        "/v1/products/a%20b",
        "/v1/customers/%00",
        "/v1/customers/%00/export",
        "/v1/installs/%0A",
        "/v1/defects/%00",
    ],
)
async def test_an_id_that_nothing_can_have_names_nothing(each_house: House, path: str) -> None:
    assert is_problem(await each_house.get(path), 404)


async def test_a_notice_id_that_nothing_can_have_names_nothing(each_house: House) -> None:
    assert is_problem(await each_house.post("/v1/notices/%00/seen"), 404)


@pytest.mark.parametrize(
    "path", ["/v1/customers/%ff", "/v1/installs/%ED%A0%80", "/v1/products?after=%ff", "/v1/check?product=%c3"]
)
async def test_an_address_that_is_not_utf_8_is_refused(house: House, path: str) -> None:
    assert is_problem(await house.get(path), 400)


@pytest.mark.parametrize("header", ["Idempotency-Key", "Install-Token"])
async def test_a_header_that_is_empty_or_too_long_is_refused(house: House, header: str) -> None:
    for value in ("", "x" * 300, "a b" * 10):
        told = await house.put("/v1/products/p", PRODUCT, headers={header: value})
        assert is_problem(told, 400)


async def test_lists_come_in_pages_that_hold_everything_once(house: House) -> None:
    for number in range(5):
        await house.put(f"/v1/products/p-{number}", PRODUCT)
        await house.post("/v1/defects", {**DEFECT, "id": f"D-{number}"})
    await with_releases(house)
    for path, name in (("/v1/products", "product"), ("/v1/defects", "id"), ("/v1/products/notes/releases", "version")):
        whole = (await house.get(path)).body
        found, after = [], ""
        while True:
            part = (await house.get(f"{path}?limit=2{after}")).body
            assert len(part["items"]) <= 2
            found += part["items"]
            if part["next"] is None:
                break
            after = f"&after={part['next']}"
        assert whole["next"] is None
        assert [item[name] for item in found] == [item[name] for item in whole["items"]]


async def test_a_reader_that_has_the_answer_is_told_so_until_it_changes(house: House) -> None:
    first = await house.get("/v1/products/notes")
    again = await house.get("/v1/products/notes", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status, again.body) == (304, b"")
    await house.put("/v1/products/notes", {**PRODUCT, "name": "Notebook"})
    changed = await house.get("/v1/products/notes", headers={"If-None-Match": first.headers["ETag"]})
    assert (changed.status, changed.body["name"]) == (200, "Notebook")


async def test_every_kind_of_cached_read_has_an_etag(house: House) -> None:
    await with_releases(house)
    await with_defect(house)
    paths = (
        "/v1/products",
        "/v1/products/notes",
        "/v1/products/notes/releases",
        "/v1/defects",
        "/v1/defects/NOTES-4411",
    )
    for path in (*paths, "/openapi.json"):
        assert (await house.get(path)).headers["ETag"]


def _breaks(_: Tx, __: Ask[Any, Any]) -> Answer:
    raise ZeroDivisionError("the secret of the failure")


def _loses_the_database(_: Tx, __: Ask[Any, Any]) -> Answer:
    raise DatabaseUnavailable


def _route(work: Any) -> Route:
    return Route(method="GET", path="/v1/broken", roles=frozenset({Role.ADMIN}), work=work, answers={200: str})


@pytest.mark.parametrize(("work", "status"), [(_breaks, 500), (_loses_the_database, 503)])
async def test_what_breaks_is_a_problem_that_tells_nothing_of_the_inside(
    aiohttp_client: Serve, house: House, work: Any, status: int
) -> None:
    app: web.Application = create_app(house.parts, [_route(work)])
    broken = replace(house, client=await aiohttp_client(app))
    told = await broken.get("/v1/broken")
    assert is_problem(told, status)
    assert "secret" not in str(told.body)


async def _breaks_off(request: web.Request, _: Parts) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    await response.write(b"the first line\n")
    raise DatabaseUnavailable


async def test_an_answer_that_breaks_in_the_middle_is_cut_off_and_no_other_follows_in_it(
    aiohttp_client: Serve, house: House
) -> None:
    route = Route(method="GET", path="/v1/broken", roles=frozenset(), serve=_breaks_off)
    client = await aiohttp_client(Served(create_app(house.parts, [route])))
    reader, writer = await asyncio.open_connection(client.host, client.port)
    with capture_logs() as lines:
        writer.write(b"GET /v1/broken HTTP/1.1\r\nHost: x\r\n\r\n")
        async with asyncio.timeout(60):
            head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    writer.close()
    assert head.startswith(b"HTTP/1.1 200 OK")
    assert body == b"f\r\nthe first line\n\r\n"
    assert [(line["event"], line["reason"]) for line in lines] == [("answer_broke_off", "DatabaseUnavailable")]


async def test_the_contract_for_faults_of_several_packages_is_one(each_house: House) -> None:
    await with_releases(each_house)
    wrong = {
        "product": "notes",
        "version": "not a version",
        "footprint": {"notebooks": "many", "colour": "red"},
    }
    told = await each_house.put("/v1/installs/i-1", wrong)
    assert is_problem(told, 422)
    places = {error["at"] for error in told.body["errors"]}
    assert places == {"/version", "/footprint/notebooks", "/footprint/colour"}
    assert (await each_house.get("/v1/installs/i-1")).status == 404


async def test_ready_says_whether_the_database_can_be_read(
    aiohttp_client: Serve, database: Database, clock: FakeClock
) -> None:
    house = await a_house(aiohttp_client, database, clock)
    assert (await house.get("/readyz", role=None)).body == {"status": "ok"}
    await database.close()
    assert (await house.get("/healthz", role=None)).status == 200
    assert is_problem(await house.get("/readyz", role=None), 503)
