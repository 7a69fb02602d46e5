"""`forewarn customer`, `forewarn compact` and `forewarn defect call-list`."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from tests.commands.conftest import Forewarn
from tests.commands.vendors import a_vendor
from tests.notifier.stage import AT_RISK, Stage


async def two_customers(stage: Stage) -> None:
    await stage.holds("carol", "i-1")
    await stage.customer("dora", email=None, name="-Dora")
    await stage.check_in("i-2", customer="dora", footprint=AT_RISK)
    await stage.publish()


def test_all_that_is_held_on_a_customer_is_printed_as_json(forewarn: Forewarn, database_url: str) -> None:
    a_vendor(database_url, two_customers)
    exported = forewarn("customer", "export", "carol").answer
    assert exported["customer"]["email"] == "carol@example.com"
    assert exported["history"]["i-1"]["versions"][0]["version"] == "4.1.0"
    assert [delivery["address"] for delivery in exported["deliveries"]] == ["carol@example.com"]


def test_an_erased_customer_is_gone_and_on_the_list_of_the_erased(forewarn: Forewarn, database_url: str) -> None:
    a_vendor(database_url, two_customers)
    assert forewarn("customer", "erase", "carol").code == 0
    assert forewarn("customer", "export", "carol").code == 1
    erased = forewarn("customer", "erased").out.splitlines()
    assert len(erased) == 1
    assert "carol" not in erased[0]


def test_the_erased_of_another_copy_are_erased_here_too(
    forewarn: Forewarn, line: Forewarn, database_url: str, tmp_path: Path
) -> None:
    other = f"sqlite:///{tmp_path}/other.db"
    for url in {database_url, other}:
        line("keys", "list", "--database", url)
        a_vendor(url, two_customers)
    line("customer", "erase", "carol", "--database", other)
    listed = tmp_path / "erased"
    listed.write_text(line("customer", "erased", "--database", other).out, encoding="utf-8")
    again = forewarn("restore", "--erased", str(listed))
    assert (again.code, "1 customers were erased again" in again.err) == (0, True)
    assert forewarn("customer", "export", "carol").code == 1
    assert forewarn("customer", "export", "dora").code == 0
    assert "0 customers" in forewarn("restore", "--erased", str(listed)).err


def test_who_came_back_after_the_erasure_is_not_erased_again(
    forewarn: Forewarn, database_url: str, tmp_path: Path
) -> None:
    a_vendor(database_url, two_customers)
    forewarn("customer", "erase", "carol")
    listed = tmp_path / "erased"
    listed.write_text(forewarn("customer", "erased").out, encoding="utf-8")

    async def again(stage: Stage) -> None:
        await stage.customer("carol")

    a_vendor(database_url, again)
    assert "0 customers" in forewarn("restore", "--erased", str(listed)).err
    assert forewarn("customer", "export", "carol").code == 0


def test_what_is_no_list_of_the_erased_is_refused(forewarn: Forewarn, tmp_path: Path) -> None:
    listed = tmp_path / "letter"
    listed.write_text("Dear customer,", encoding="utf-8")
    refused = forewarn("restore", "--erased", str(listed))
    assert refused.code == 1
    assert "is no list" in refused.err


def test_a_claim_code_is_printed_alone(forewarn: Forewarn, database_url: str) -> None:
    a_vendor(database_url, two_customers)
    made = forewarn("customer", "claim-code", "carol", "--uses", "3")
    assert len(made.out.strip().replace("-", "")) == 20
    assert "3 installs" in made.err
    assert forewarn("customer", "claim-code", "nobody").code == 1
    assert forewarn("customer", "claim-code", "carol", "--uses", "0").code == 1


def test_a_database_is_compacted_or_left_to_its_server(forewarn: Forewarn, database_url: str) -> None:
    a_vendor(database_url, two_customers)
    compacted = forewarn("compact")
    if database_url.startswith("sqlite"):
        assert compacted.code == 0
    else:
        assert (compacted.code, "VACUUM FULL" in compacted.err) == (1, True)


def test_the_call_list_is_a_table_of_those_whom_nothing_reaches(forewarn: Forewarn, database_url: str) -> None:
    a_vendor(database_url, two_customers)
    printed = forewarn("defect", "call-list", "NOTES-4411")
    (row,) = csv.DictReader(io.StringIO(printed.out))
    assert (row["customer"], row["name"], row["why"], row["install"]) == ("dora", "'-Dora", "no_address", "i-2")
    assert "1 to call" in printed.err
    assert forewarn("defect", "call-list", "NOTES-4411", "--counts").answer["recipients"] == 1
    assert forewarn("defect", "call-list", "none").code == 1
