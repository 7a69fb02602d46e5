"""Public test vectors, which lie outside the repository; a test that finds none is skipped, saying so."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest


def data_file(path: str) -> Path:
    beside = Path(__file__).parents[3] / "shared" / "data"
    found = Path(os.environ.get("FOREWARN_DATA", beside)) / path
    if not found.is_file():
        pytest.skip(f"there is no {found}: set FOREWARN_DATA to the folder of the public test data")
    return found


def json_file(path: str) -> Any:
    return json.loads(data_file(path).read_text())


def comparisons(path: str) -> list[tuple[str, str, str]]:
    """Return the lines `A < B` of a file of the osv-scalibr project, without its comments."""
    lines = data_file(path).read_text().splitlines()
    told = [line for line in lines if line.strip() and not line.startswith(("//", "#"))]
    return [(one, sign, other) for one, sign, other in (line.split(" ") for line in told)]
