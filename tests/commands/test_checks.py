"""`forewarn check`: the verdict of the published defects, from the command line."""

from __future__ import annotations

import pytest

from tests.commands.conftest import Forewarn
from tests.commands.vendors import a_vendor
from tests.notifier.stage import Stage


async def published(stage: Stage) -> None:
    await stage.release("4.2.2")
    await stage.publish()


@pytest.fixture(autouse=True)
def vendor(database_url: str) -> None:
    a_vendor(database_url, published)


AT_RISK = ("--footprint.notebooks", "12", "--footprint.storage_format", "v2")
UPGRADE = ("check", "notes", "--from", "4.1.0", "--to", "4.2.0")


def test_old_data_is_held_with_the_reasons_and_the_safe_way(forewarn: Forewarn) -> None:
    verdict = forewarn(*UPGRADE, *AT_RISK)
    assert verdict.code == 0
    lines = verdict.out.splitlines()
    assert lines[0] == "HOLD: notes 4.1.0 → 4.2.0"
    assert "    because notebooks is 12 (> 0)" in lines
    assert lines[-1] == "safe: 4.2.2"


def test_the_answer_in_json_is_that_of_the_http_interface(forewarn: Forewarn) -> None:
    verdict = forewarn(*UPGRADE, *AT_RISK, "--json").answer
    assert verdict["decision"] == "hold"
    assert (verdict["from"], verdict["to"]) == ("4.1.0", "4.2.0")
    assert verdict["findings"][0]["exposure"] == "at_risk"
    assert verdict["safe_target"] == {"version": "4.2.2", "path": ["4.2.2"]}


def test_unknown_data_is_held_too_and_the_missing_facts_are_named(forewarn: Forewarn) -> None:
    verdict = forewarn(*UPGRADE)
    assert verdict.out.startswith("HOLD")
    assert "not known: " in verdict.out


def test_without_a_target_the_safe_one_is_judged(forewarn: Forewarn) -> None:
    verdict = forewarn("check", "notes", "--from", "4.1.0", *AT_RISK, "--json").answer
    assert (verdict["decision"], verdict["to"]) == ("proceed", "4.2.2")


@pytest.mark.parametrize(("notebooks", "code"), [("12", 4), ("0", 0)])
def test_a_gate_tells_by_its_exit_code(forewarn: Forewarn, notebooks: str, code: int) -> None:
    facts = ("--footprint.notebooks", notebooks, "--footprint.storage_format", "v2")
    assert forewarn(*UPGRADE, *facts, "--gate").code == code


def test_an_explanation_tells_of_every_defect(forewarn: Forewarn) -> None:
    assert "counts: NOTES-4411" in forewarn(*UPGRADE, *AT_RISK, "--explain").out


def test_everything_that_is_wrong_is_told_at_its_place(forewarn: Forewarn) -> None:
    refused = forewarn(
        "check",
        "notes",
        "--from",
        "four",
        "--to",
        "",
        "--footprint.notebooks",
        "many",
        "--footprint.surprise",
        "1",
        "--platform.os_version",
        "new",
    )
    assert (refused.code, refused.out) == (1, "")
    places = {sentence.split(": ")[1] for sentence in refused.err.splitlines()}
    assert places == {
        "/from",
        "/to",
        "/footprint/notebooks",
        "/footprint/surprise",
        "/platform/os_version",
    }


def test_an_unknown_product_is_refused(forewarn: Forewarn) -> None:
    assert forewarn("check", "surprise", "--from", "1").code == 1


def test_an_unknown_part_of_the_platform_is_refused(forewarn: Forewarn) -> None:
    refused = forewarn(*UPGRADE, "--platform.kernel", "6")
    assert refused.code == 1
    assert "kernel" in refused.err
