"""Schemathesis makes up requests from the document, right ones and wrong ones, and holds the answers against it."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from structlog.testing import capture_logs

from storage import open_database
from tests.api.conftest import Serve
from tests.api.house import House, a_house, with_defect, with_install, with_releases
from tests.conftest import FakeClock

#: Left out: it wants every request accepted that fits the schema. Ours are held to more than a schema can say: that
#: versions parse, that conditions fit the declared facts, that things exist.
LEFT_OUT = "positive_data_acceptance"

#: Requests made up at random for each operation, beside those that cover its schema and its examples.
AT_RANDOM = 5


async def test_requests_that_cover_the_schemas_and_some_at_random_are_answered_as_documented(
    house: House, tmp_path: Path
) -> None:
    await with_what_the_examples_name(house)
    assert await found_in(house, "admin", "examples,coverage,fuzzing", tmp_path) > 1000


async def test_requests_made_up_for_an_admin_are_answered_as_documented_on_postgresql(
    aiohttp_client: Serve, migrated_postgresql_url: str, clock: FakeClock, tmp_path: Path
) -> None:
    database = open_database(migrated_postgresql_url)
    house = await a_house(aiohttp_client, database, clock)
    await with_what_the_examples_name(house)
    assert await found_in(house, "admin", "examples,fuzzing", tmp_path) > 100
    await database.close()


async def test_requests_made_up_for_an_app_are_answered_as_documented(house: House, tmp_path: Path) -> None:
    await with_what_the_examples_name(house)
    assert await found_in(house, "app", "examples,fuzzing", tmp_path) > 100


async def with_what_the_examples_name(house: House) -> None:
    await with_releases(house)
    await with_defect(house)
    await house.put("/v1/customers/C-1042", {"name": "Ada", "email": "ada@example.com"})
    await with_install(house, "5f0c6f3e-6d0a-4b43-9a52-1d1f4e2f7a10", customer="C-1042")


async def found_in(house: House, role: str, phases: str, folder: Path) -> int:
    """Let Schemathesis ask with the key of a role; fail with what it finds, return how many requests there were."""
    run = await asyncio.create_subprocess_exec(
        str(Path(sys.executable).with_name("schemathesis")),
        *("run", str(house.client.make_url("/openapi.json"))),
        *("--header", f"Authorization: Bearer {house.keys[role]}"),
        *("--checks", "all", "--exclude-checks", LEFT_OUT, "--mode", "all", "--phases", phases),
        # It cannot make a mail up; what comes in at that door is in test_bounces.
        *("--exclude-path", "/v1/mail/bounces"),
        *("--max-examples", str(AT_RANDOM), "--seed", "1", "--continue-on-failure", "--no-shrink"),
        *("--no-color", "--request-timeout", "60", "--suppress-health-check", "too_slow"),
        cwd=folder,
        env={**os.environ, "HYPOTHESIS_STORAGE_DIRECTORY": str(folder / "hypothesis")},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    with capture_logs() as lines:
        output, _ = await run.communicate()
    assert run.returncode == 0, output.decode()[-8_000:]
    # A line tells of one request, or of all plain checks of a second.
    assert {line["event"] for line in lines} <= {"request", "checks", "not_http"}
    return sum(line.get("answered", 1) for line in lines)
