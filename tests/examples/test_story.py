"""The whole story against the real service, and two incidents counted again by hand."""

from __future__ import annotations

import io
import socket
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from composition import serving
from examples.demo.fleet import Line
from examples.demo.records import incidents
from examples.demo.results import Result
from examples.demo.running import Options, set_up
from examples.demo.stage import Stage
from examples.demo.story import tell
from storage import open_database
from storage.outcomes import Conflict

#: None: the fact that decides is not known.
Concerned = Callable[[Line], bool | None]


def counted(lines: Iterator[Line], before: set[str], concerned: Concerned) -> dict[str, int]:
    """Count exposures by a plain loop; `before` holds the versions that do not have the defect."""
    counts = dict.fromkeys(("at_risk", "cannot_tell", "already_upgraded", "not_at_risk"), 0)
    for line in lines:
        answer = concerned(line["footprint"])
        if answer is False:
            counts["not_at_risk"] += 1
        elif line["version"] not in before:
            counts["already_upgraded"] += 1
        else:
            counts["at_risk" if answer else "cannot_tell"] += 1
    return counts


def with_app(stage: Stage, key: str) -> Iterator[Line]:
    """Yield the fleet of an incident's product, and the app that asked for itself."""
    [incident] = [each for each in incidents() if each.key == key]
    yield from stage.fleet.installs[incident.report.product]
    yield {"version": incident.app.version, "footprint": incident.app.footprint}


def has_concurrent_indexes(footprint: Mapping[str, Any]) -> bool | None:
    count = footprint.get("concurrent_indexes")
    return None if count is None else count > 0


def has_local_notes_only(footprint: Mapping[str, Any]) -> bool | None:
    account, notes = footprint.get("account"), footprint.get("local_notes")
    if account is True or notes == 0:
        return False
    return None if account is None or notes is None else True


def in_table(result: Result) -> dict[str, int]:
    told = {
        exposure: result.audience[exposure]["installs"] for exposure in ("at_risk", "cannot_tell", "already_upgraded")
    }
    return {**told, "not_at_risk": result.audience["not_at_risk"]["installs"]}


async def test_the_whole_story_comes_out_as_it_must(tmp_path: Path) -> None:
    console = Console(file=io.StringIO())
    async with set_up(serving, Options(port=0), tmp_path, console) as stage:
        results = await tell(stage, incidents())

    assert stage.claims.broken == []
    assert stage.claims.held > 100
    by_name = {result.name: result for result in results}
    assert in_table(by_name["PostgreSQL 14"]) == counted(
        with_app(stage, "postgresql-14-cic"), {"13.4", "13.7"}, has_concurrent_indexes
    )
    assert in_table(by_name["Standard Notes 3.5"]) == counted(
        with_app(stage, "standardnotes-mobile-3.5.0"), {"3.4.10"}, has_local_notes_only
    )


async def test_a_database_in_use_is_refused_before_anything_is_served(migrated_sqlite_url: str, tmp_path: Path) -> None:
    database = open_database(migrated_sqlite_url)
    async with set_up(serving, Options(database=migrated_sqlite_url, port=0), tmp_path, Console()) as stage:
        await stage.people.admin.put("/v1/products/notes", {"name": "Notes", "version_scheme": "semver"})
    await database.close()

    with pytest.raises(Conflict, match="holds products already"):
        async with set_up(serving, Options(database=migrated_sqlite_url, port=0), tmp_path, Console()):
            pytest.fail("it was served")


async def test_a_port_in_use_is_passed_over(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        async with set_up(serving, Options(port=port), tmp_path, Console()) as stage:
            assert not stage.address.endswith(f":{port}")
            assert (await stage.people.reporter.get("/v1/defects"))["items"] == []
