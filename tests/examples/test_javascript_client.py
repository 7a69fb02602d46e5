"""The JavaScript client in Node, against the real service and against none."""

from __future__ import annotations

import asyncio
import json
import shutil
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT
from tests.examples.conftest import Vendor

SCRIPT = ROOT / "tests" / "examples" / "upgrade.mjs"
AT_RISK = {"notebooks": 12}
HOUR = 3_600_000
REFUSED = "http://127.0.0.1:1"


@pytest.fixture
def node() -> str:
    found = shutil.which("node")
    if found is None:
        pytest.skip("there is no node on this machine: the JavaScript client is not run")
    return found


async def carried_out(node: str, act: str, state: Path, **task: Any) -> Any:
    """Return what the script printed for one act."""
    told = {"act": act, "server": REFUSED, "key": "key", "footprint": AT_RISK, "state": str(state), **task}
    process = await asyncio.create_subprocess_exec(
        node, str(SCRIPT), json.dumps(told), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    output, errors = await process.communicate()
    assert not errors, errors.decode()
    return json.loads(output)


async def test_the_app_is_told_to_hold_and_goes_by_that_as_long_as_it_is_valid(
    node: str, vendor: Vendor, tmp_path: Path
) -> None:
    await vendor.publish()
    reached = {"server": vendor.address, "key": vendor.app_key}
    asked = await carried_out(node, "ask", tmp_path / "state", now=HOUR, **reached)
    assert (asked["action"], asked["reason"]) == ("hold", None)
    assert asked["verdict"]["safe_target"]["version"] == "4.2.2"

    kept = await carried_out(node, "ask", tmp_path / "state", now=2 * HOUR - 1)
    assert kept["action"] == "hold"
    assert "could not be reached" in kept["reason"]
    for changes in ({"now": 2 * HOUR}, {"now": HOUR - 1}, {"now": HOUR, "footprint": {"notebooks": 13}}):
        late = await carried_out(node, "ask", tmp_path / "state", **changes)
        assert (late["action"], late["verdict"]) == ("ask", None)


async def test_a_check_in_shows_the_notice_and_the_user_answers_it(node: str, vendor: Vendor, tmp_path: Path) -> None:
    await vendor.publish()
    done = await carried_out(node, "answer", tmp_path / "state", server=vendor.address, key=vendor.app_key)

    assert [notice["defect"] for notice in done["notices"]] == ["NOTES-4411"]
    [told] = (await vendor.admin.get(f"/v1/notices?install={done['install']}"))["items"]
    assert told["seen_at"] is not None
    assert told["chosen"] == 1


async def test_a_risk_is_accepted_and_that_answer_is_not_kept(node: str, vendor: Vendor, tmp_path: Path) -> None:
    await vendor.publish()
    done = await carried_out(node, "accept", tmp_path / "state", server=vendor.address, key=vendor.app_key)

    assert done["action"] == "proceed"
    assert (await vendor.admin.get("/v1/defects/NOTES-4411/ledger"))["accepted_risk"] == 1
    assert (await carried_out(node, "ask", tmp_path / "state"))["action"] == "ask"


async def test_without_an_answer_the_vendors_rule_holds_which_is_never_to_proceed(node: str, tmp_path: Path) -> None:
    assert (await carried_out(node, "ask", tmp_path / "state"))["action"] == "ask"
    assert (await carried_out(node, "ask", tmp_path / "state", noAnswer="hold"))["action"] == "hold"
    refused = await carried_out(node, "ask", tmp_path / "state", noAnswer="proceed")
    assert "never silently goes ahead" in refused["error"]


async def test_a_refused_question_never_goes_ahead(node: str, vendor: Vendor, tmp_path: Path) -> None:
    advice = await carried_out(node, "ask", tmp_path / "state", server=vendor.address)

    assert advice["action"] == "ask"
    assert "401" in advice["reason"]


async def test_a_service_that_says_nothing_is_given_up_within_the_time_limit(node: str, tmp_path: Path) -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    advice = await carried_out(node, "ask", tmp_path / "state", server=address, timeLimit=50)
    server.close()
    await server.wait_closed()

    assert (advice["action"], advice["reason"]) == ("ask", "The service did not answer within 0.05 seconds.")


async def test_an_install_keeps_its_id_over_a_restart_and_nobody_else_reads_its_state(
    node: str, tmp_path: Path
) -> None:
    first = await carried_out(node, "install", tmp_path / "state")

    assert await carried_out(node, "install", tmp_path / "state") == first
    assert await carried_out(node, "install", tmp_path / "other") != first
    assert stat.S_IMODE((tmp_path / "state").stat().st_mode) == 0o600
