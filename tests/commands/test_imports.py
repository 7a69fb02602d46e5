"""`forewarn import`: what is right is stored, what is not is told with its line."""

from __future__ import annotations

import io
import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from api.imports import Tally
from commands.imports import TELL_EVERY, Teller
from installs_registry import customers, installs
from storage import Database
from storage.outcomes import NotFound
from tests.commands.conftest import Forewarn
from tests.commands.vendors import a_vendor, on
from tests.notifier.stage import Stage

CSV = """\
install,product,version,customer,platform.os,footprint.notebooks,footprint.storage_format
i-1,notes,4.1.0,carol,linux,12,v2
i-2,notes,4.1.0,nobody,linux,12,v2
i-3,notes,4.1.0,carol,,many,v2
i-4,notes,4.1.0,carol,,,
"""


def ndjson(*lines: object) -> str:
    return "".join(f"{json.dumps(line)}\n" for line in lines)


async def a_customer(stage: Stage) -> None:
    await stage.customer("carol")


@pytest.fixture(autouse=True)
def vendor(database_url: str) -> None:
    a_vendor(database_url, a_customer)


def a_file(folder: Path, name: str, text: str) -> str:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_customers_come_in_as_ndjson(forewarn: Forewarn, tmp_path: Path, database_url: str) -> None:
    file = a_file(
        tmp_path,
        "customers.ndjson",
        ndjson(
            {"customer": "dave", "name": "Dave", "email": "dave@example.com"},
            {"customer": "erin", "name": "Erin"},
        ),
    )
    ran = forewarn("import", "customers", file)
    assert (ran.code, ran.out, ran.err) == (0, "2 accepted, 0 rejected\n", "")

    async def email(database: Database) -> object:
        return (await database.read(customers.view, "dave")).email

    assert on(database_url, email) == "dave@example.com"


def test_installs_come_in_as_csv_and_the_bad_lines_are_told(
    forewarn: Forewarn, tmp_path: Path, database_url: str
) -> None:
    ran = forewarn("import", "installs", a_file(tmp_path, "installs.CSV", CSV))
    assert (ran.code, ran.out) == (1, "2 accepted, 2 rejected\n")
    first, second = ran.err.splitlines()
    assert first.startswith("forewarn: line 3: /customer")
    assert second.startswith("forewarn: line 4: /footprint/notebooks")

    async def footprints(database: Database) -> list[object]:
        return [
            dict((await database.read(installs.view, name, token=None, vendor=True)).footprint)
            for name in ("i-1", "i-4")
        ]

    assert on(database_url, footprints) == [{"notebooks": 12, "storage_format": "v2"}, {}]


def test_a_webhook_may_lead_into_a_network_that_the_settings_open(
    forewarn: Forewarn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = {"customer": "dave", "name": "Dave", "webhook": "https://10.1.2.3/hook"}
    file = a_file(tmp_path, "customers.ndjson", ndjson(line))
    assert forewarn("import", "customers", file).out == "0 accepted, 1 rejected\n"
    monkeypatch.setenv("FOREWARN_ALLOWED_NETWORKS", "10.1.0.0/16")
    assert forewarn("import", "customers", file).out == "1 accepted, 0 rejected\n"


def test_a_second_time_changes_nothing(forewarn: Forewarn, tmp_path: Path) -> None:
    file = a_file(tmp_path, "installs.csv", CSV)
    first, second = (forewarn("import", "installs", file, "--json").answer for _ in range(2))
    assert (first["new"], first["changed"], first["unchanged"]) == (2, 0, 0)
    assert second == first | {"new": 0, "unchanged": 2}


def test_the_json_answer_is_that_of_the_http_interface(forewarn: Forewarn, tmp_path: Path) -> None:
    file = a_file(tmp_path, "customers.ndjson", ndjson({"customer": "dave", "name": "Dave"}) + "{oops\n")
    answer = forewarn("import", "customers", file, "--json").answer
    assert (answer["accepted"], answer["rejected"]) == (1, 1)
    assert [error["line"] for error in answer["errors"]] == [2]


def test_releases_are_read_from_standard_input_as_csv_where_told(
    forewarn: Forewarn, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "product,version,offered_at,status\nnotes,4.3.0,2026-01-01T00:00:00Z,offered\n"
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(text.encode())))
    assert forewarn("import", "releases", "-", "--csv").out == "1 accepted, 0 rejected\n"


def test_more_lines_than_one_transaction_takes_come_in(forewarn: Forewarn, tmp_path: Path) -> None:
    lines = [{"customer": f"c-{number}", "name": "C"} for number in range(1203)]
    file = a_file(tmp_path, "customers.ndjson", ndjson(*lines))
    assert forewarn("import", "customers", file).out == "1203 accepted, 0 rejected\n"


def test_more_errors_than_are_told_one_by_one_are_counted(forewarn: Forewarn, tmp_path: Path) -> None:
    ran = forewarn("import", "customers", a_file(tmp_path, "customers.ndjson", "{oops\n" * 1100))
    assert ran.code == 1
    assert len(ran.err.splitlines()) == 1001
    assert ran.err.splitlines()[-1] == "forewarn: … and 100 more lines"


def test_a_file_that_is_not_there_is_refused_by_its_name(forewarn: Forewarn) -> None:
    refused = forewarn("import", "customers", "nowhere.csv")
    assert (refused.code, refused.err) == (1, "forewarn: nowhere.csv: No such file or directory\n")


def test_a_kind_that_is_none_is_a_usage_error(forewarn: Forewarn) -> None:
    assert forewarn("import", "partners", "x.csv").code == 2


CRM = """\
Serial No,Version,Books,Shoe size
i-7,4.1.0,12,38
i-8,four,12,39
"""
MAPPED = ("--map", "Serial No=install", "--map", "Version=version", "--map", "Books=footprint.notebooks")


def known(database_url: str, name: str) -> bool:
    async def look(database: Database) -> bool:
        try:
            await database.read(installs.view, name, token=None, vendor=True)
        except NotFound:
            return False
        return True

    return on(database_url, look)


def test_a_file_with_names_of_its_own_comes_in(forewarn: Forewarn, tmp_path: Path, database_url: str) -> None:
    file = a_file(tmp_path, "crm.csv", CRM)
    ran = forewarn("import", "installs", file, *MAPPED, "--set", "product=notes", "--ignore-unknown-columns")
    assert (ran.code, ran.out) == (1, "1 accepted, 1 rejected\n")
    assert known(database_url, "i-7")


def test_an_unknown_column_is_named_and_nothing_is_stored(forewarn: Forewarn, tmp_path: Path) -> None:
    ran = forewarn("import", "installs", a_file(tmp_path, "crm.csv", CRM), *MAPPED, "--set", "product=notes")
    assert (ran.code, ran.out) == (1, "0 accepted, 1 rejected\n")
    assert "'Shoe size'" in ran.err


def test_a_name_that_means_nothing_is_refused_before_the_file_is_read(forewarn: Forewarn, tmp_path: Path) -> None:
    file = a_file(tmp_path, "crm.csv", CRM)
    ran = forewarn("import", "installs", file, "--map", "Serial No=instal")
    assert ran.code == 1
    assert "did you mean install?" in ran.err
    assert forewarn("import", "installs", file, "--set", "product").code == 1


def test_all_or_nothing_stores_nothing_where_one_line_is_wrong(
    forewarn: Forewarn, tmp_path: Path, database_url: str
) -> None:
    ran = forewarn("import", "installs", a_file(tmp_path, "installs.csv", CSV), "--all-or-nothing")
    assert (ran.code, ran.out) == (1, "nothing stored: 2 rejected, 2 were right\n")
    assert not known(database_url, "i-1")
    right = "".join(line for line in CSV.splitlines(keepends=True) if not line.startswith(("i-2", "i-3")))
    ran = forewarn("import", "installs", a_file(tmp_path, "right.csv", right), "--all-or-nothing")
    assert (ran.code, ran.out) == (0, "2 accepted, 0 rejected\n")
    assert known(database_url, "i-1")


def test_a_dry_run_tells_what_would_change_and_stores_nothing(
    forewarn: Forewarn, tmp_path: Path, database_url: str
) -> None:
    file = a_file(tmp_path, "installs.csv", CSV)
    told = "nothing stored; it would be 2 new, 0 changed, 0 unchanged, 2 rejected, 0 newly at risk\n"
    assert forewarn("import", "installs", file, "--dry-run").out == told
    assert not known(database_url, "i-1")
    forewarn("import", "installs", file)
    again = forewarn("import", "installs", file, "--dry-run", "--json").answer
    assert (again["new"], again["unchanged"], again["stored"]) == (0, 2, False)


def test_without_a_terminal_the_progress_is_told_in_plain_lines(capsys: pytest.CaptureFixture[str]) -> None:
    seconds = iter([0.0, 1.0, TELL_EVERY])
    teller = Teller(1000, lambda: next(seconds))
    teller.progressed(100, Tally(accepted=10))
    teller.progressed(250, Tally(accepted=40, rejected=10))
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith("40 accepted, 10 rejected, 10/s, 25%, about 15 s left")
