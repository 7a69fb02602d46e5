from __future__ import annotations

from typing import Any

import msgspec
import pytest

from api.imports import BATCH, TOLD
from tests.api.house import AT_RISK, House, Told, with_defect, with_releases

NDJSON = {"Content-Type": "application/x-ndjson"}
CSV = {"Content-Type": "text/csv; charset=utf-8"}


async def send(house: House, kind: str, text: bytes, headers: dict[str, str] = NDJSON) -> Told:
    return await house.ask("POST", f"/v1/import/{kind}", data=text, headers=headers)


def lines(*values: object) -> bytes:
    return b"\n".join(msgspec.json.encode(value) for value in values)


async def test_each_line_holds_or_is_rejected_by_itself(each_house: House) -> None:
    text = lines(
        {"install": "i-1", "product": "notes", "version": "4.1.3", "footprint": {"notebooks": 1}},
        {"install": "i-2", "product": "notes", "version": "four"},
        {"install": "i-3", "product": "none", "version": "4.1.3"},
        {"install": "i-4", "product": "notes"},
        {"install": "i-5", "product": "notes", "version": "4.1.3", "footprint": {"notebooks": "x", "colour": 1}},
    )
    told = await send(each_house, "installs", text + b"\n{broken\n")
    assert (told.status, told.body["accepted"], told.body["rejected"]) == (200, 1, 5)
    assert [error["line"] for error in told.body["errors"]] == [2, 3, 4, 5, 6]
    assert all(error["detail"] for error in told.body["errors"])
    assert "/footprint/colour" in told.body["errors"][3]["detail"]
    assert (await each_house.get("/v1/installs/i-1")).body["footprint"] == {"notebooks": 1}
    for install in ("i-2", "i-3", "i-4", "i-5"):
        assert (await each_house.get(f"/v1/installs/{install}")).status == 404


async def test_csv_is_read_by_the_types_of_the_declared_facts(each_house: House) -> None:
    text = (
        "\ufeffinstall,product,version,footprint.notebooks,footprint.storage_format,platform.os\r\n"
        'i-1,notes,4.1.3,12,"v""2",macos\r\n'
        "i-2,notes,4.1.3,many,,\r\n"
    )
    told = await send(each_house, "installs", text.encode(), CSV)
    assert (told.body["accepted"], [error["line"] for error in told.body["errors"]]) == (1, [3])
    install = (await each_house.get("/v1/installs/i-1")).body
    assert install["footprint"] == {"notebooks": 12, "storage_format": 'v"2'}
    assert install["platform"]["os"] == "macos"


async def test_releases_and_customers_are_imported_too(each_house: House) -> None:
    releases = lines(
        {"product": "notes", "version": "4.1.3", "offered_at": "2025-12-01T09:00:00Z", "status": "offered"},
        {"product": "notes", "version": "4.2.0", "offered_at": "yesterday"},
    )
    customers = lines({"customer": "c-1", "name": "Ada"}, {"customer": "c-2", "name": "Eve", "email": "nobody"})
    for kind, text in (("releases", releases), ("customers", customers)):
        told = await send(each_house, kind, text)
        assert (told.body["accepted"], told.body["rejected"]) == (1, 1), kind
    assert (await each_house.get("/v1/customers/c-1")).body["name"] == "Ada"
    listed = await each_house.get("/v1/products/notes/releases")
    assert [release["version"] for release in listed.body["items"]] == ["4.1.3"]


async def test_more_lines_than_a_batch_and_more_errors_than_are_told_are_all_counted(house: House) -> None:
    right = [{"customer": f"c-{number}", "name": "Ada"} for number in range(BATCH + 1)]
    wrong = [{"customer": f"w-{number}"} for number in range(TOLD + 1)]
    told = await send(house, "customers", lines(*right, *wrong))
    assert (told.body["accepted"], told.body["rejected"]) == (BATCH + 1, TOLD + 1)
    assert len(told.body["errors"]) == TOLD


async def test_a_body_longer_than_other_bodies_may_be_is_taken(house: House) -> None:
    line = lines({"customer": "c-1", "name": "Ada", "partner": "x" * 200})

    async def stream() -> Any:
        for _ in range(60):
            yield (line + b"\n") * 100

    told = await house.ask("POST", "/v1/import/customers", data=stream(), headers=NDJSON)
    assert (told.body["accepted"], told.body["rejected"]) == (6000, 0)


async def test_a_line_of_another_shape_is_told_at_its_place(house: House) -> None:
    told = await send(house, "customers", lines({"customer": "c-1", "name": 5}, {"customer": "c-2", "age": 5}))
    assert [error["detail"].partition(":")[0] for error in told.body["errors"]] == ["/name", "/age"]


async def test_an_empty_import_is_one(house: House) -> None:
    assert (await send(house, "customers", b"")).body == {
        "accepted": 0,
        "rejected": 0,
        "errors": [],
        "new": 0,
        "changed": 0,
        "unchanged": 0,
        "newly_at_risk": 0,
        "stored": True,
    }


@pytest.mark.parametrize(
    "headers", [{"Content-Type": "application/json"}, {"Content-Type": "text/csv; charset=latin-1"}]
)
async def test_an_import_of_another_type_is_refused(house: House, headers: dict[str, str]) -> None:
    assert (await send(house, "customers", b"{}", headers)).status == 415


async def test_nothing_else_can_be_imported(house: House) -> None:
    assert (await send(house, "defects", b"{}")).status == 404


async def test_what_was_imported_is_judged_at_once(house: House) -> None:
    await with_releases(house)
    line = {"product": "notes", "version": "4.3.0", "offered_at": "2025-12-09T09:00:00Z"}
    await send(house, "releases", lines(line))
    told = await house.get("/v1/check?product=notes&from=4.1.3")
    assert told.body["to"] == "4.3.0"


async def test_all_or_nothing_stores_nothing_where_one_line_is_wrong(each_house: House) -> None:
    right = {"install": "i-1", "product": "notes", "version": "4.1.3"}
    wrong = {"install": "i-2", "product": "notes", "version": "four"}
    for lines_sent, stored in (([right, wrong], False), ([right], True)):
        told = await each_house.ask(
            "POST", "/v1/import/installs?all_or_nothing=true", data=lines(*lines_sent), headers=NDJSON
        )
        assert (told.body["accepted"], told.body["stored"]) == (1, stored)
        assert (await each_house.get("/v1/installs/i-1")).status == (200 if stored else 404)


async def test_a_dry_run_tells_who_would_be_warned_and_stores_nothing(each_house: House) -> None:
    await with_releases(each_house)
    await with_defect(each_house)
    text = lines({"install": "i-1", "product": "notes", "version": "4.1.3", "footprint": AT_RISK})
    told = await each_house.ask("POST", "/v1/import/installs?dry_run=true", data=text, headers=NDJSON)
    assert (told.body["new"], told.body["newly_at_risk"], told.body["stored"]) == (1, 1, False)
    assert (await each_house.get("/v1/installs/i-1")).status == 404
    assert (await each_house.get("/v1/notices?defect=NOTES-4411")).body["items"] == []


async def test_an_import_under_an_idempotency_key_is_refused(house: House) -> None:
    told = await send(house, "customers", b"", {**NDJSON, "Idempotency-Key": "again"})
    assert told.status == 400
    assert "Idempotency-Key" in told.body["detail"]


async def test_an_unknown_column_is_named_with_what_may_be_meant(house: House) -> None:
    told = await send(house, "customers", b"customer,nmae\nc-1,Ada\n", CSV)
    (error,) = told.body["errors"]
    assert (error["line"], told.body["accepted"]) == (1, 0)
    assert "did you mean name?" in error["detail"]
