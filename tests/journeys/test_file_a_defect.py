"""The commands of docs/file-a-defect.md, copied one by one, do what it says."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "file-a-defect.md"
BLOCK = re.compile(r"^```(sh|text)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FIRST_STEPS = """\
set -eu
forewarn product declare notes {root}/examples/first_steps/product.json
forewarn import releases {root}/examples/first_steps/releases.ndjson
forewarn import customers {root}/examples/first_steps/customers.csv
forewarn import installs {root}/examples/first_steps/installs.csv
"""


def test_every_command_does_what_the_page_says(tmp_path: Path) -> None:
    blocks = BLOCK.findall(PAGE.read_text())
    commands = "".join(text for kind, text in blocks if kind == "sh")
    assert commands.count("forewarn defect") >= 3
    kept = {name: value for name, value in os.environ.items() if not name.startswith("FOREWARN_")}
    ran = subprocess.run(  # noqa: S603 - the page's own commands are what is tested
        ["/bin/bash", "-c", FIRST_STEPS.format(root=ROOT) + commands],
        cwd=tmp_path,
        env={**kept, "PATH": f"{ROOT / '.venv' / 'bin'}:{kept['PATH']}"},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    for kind, text in blocks:
        if kind == "text":
            assert text.strip() in ran.stdout


def test_each_warning_that_the_page_names_is_one_that_is_given() -> None:
    said = "".join(path.read_text() for path in sorted((ROOT / "notifier" / "linting").glob("*.py")))
    told = " ".join(said.split()).lower()
    for words in (
        "nobody matches",
        "everybody matches",
        "no install has",
        "no registered release is in the affected range",
        "is called fixed here, and another entry",
        "offers no remedy",
        "is not a registered release",
        "neither what not to do nor what to do",
        "a plain mail shows",
    ):
        assert words in told
