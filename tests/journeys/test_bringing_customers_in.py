"""The page "Bringing your customers in": its commands, one after the other, do what it says."""

from __future__ import annotations

import csv
import json
import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "bringing-your-customers-in.md"
BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
#: After this command, what the page calls the service's work is done by it.
PUBLISHED = ".venv/bin/forewarn defect publish NOTES-4411 --as Ada\n"
#: Serves until the publication was looked at, as the page says that a service does.
SERVED = """\
.venv/bin/forewarn serve --port 0 > serve.out 2> serve.log &
until grep -q serving serve.log && .venv/bin/forewarn defect call-list NOTES-4411 2> /dev/null | grep -q SN-400; do
  kill -0 %1
  read -rt 0.1 <> <(:) || :
done
kill %1
wait %1
"""


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which all the page's commands were carried out."""
    folder = tmp_path_factory.mktemp("vendor")
    (folder / ".venv").symlink_to(ROOT / ".venv")
    commands = "".join(BLOCK.findall(PAGE.read_text()))
    assert PUBLISHED in commands
    script = "set -eu\n" + commands.replace(PUBLISHED, PUBLISHED + SERVED)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("FOREWARN_")}
    done = subprocess.run(  # noqa: S603 - the page's own commands are what is tested
        ["/bin/bash", "-c", script],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    (folder / "out").write_text(done.stdout)
    (folder / "err").write_text(done.stderr)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_the_dry_run_tells_the_bad_line_with_its_number_and_reason(ran: Path) -> None:
    assert "some lines are wrong" in (ran / "out").read_text()
    assert re.search(r"line 4: .*/email", (ran / "err").read_text())


def test_the_call_list_names_who_has_no_address(ran: Path) -> None:
    with (ran / "calls.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["install"]: (row["customer"], row["partner"], row["why"]) for row in rows} == {
        "SN-400": ("C-4", "Handel GmbH", "no_address"),
        "SN-900": ("", "", "no_address"),
    }


def test_a_claim_code_was_made(ran: Path) -> None:
    assert re.fullmatch(r"(?:[0-9A-Z]{5}-){3}[0-9A-Z]{5}\n", (ran / "code.txt").read_text())


def test_the_erased_customer_was_exported_before_and_is_gone(ran: Path) -> None:
    exported = json.loads((ran / "c-2.json").read_text())
    assert exported["customer"]["name"] == "Grace Hopper"
    assert [install["install"] for install in exported["installs"]] == ["SN-200"]
    content = (ran / "forewarn.db").read_bytes()
    assert b"Grace Hopper" not in content
    assert b"grace@example.com" not in content
    assert b"Ada Lovelace" in content
    assert len((ran / "erased.ndjson").read_text().splitlines()) == 1


def test_every_page_it_points_to_is_there() -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", PAGE.read_text()):
        assert (PAGE.parent / target).exists(), target
