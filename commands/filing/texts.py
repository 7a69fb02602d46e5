"""A report as a text: read from JSON or YAML, and written as YAML for people."""

from __future__ import annotations

from pathlib import PurePath
from typing import Final

import msgspec
import yaml

from api.json_text import decode as decode_json
from commands.filing import yaml_text
from commands.options import read_input
from feeds.types import DefectReport

#: Columns of a text that people read.
_WIDTH: Final = 66


def read_report(name: str) -> DefectReport:
    """Return the report in a file, or on standard input for `-`; JSON or YAML.

    Raises OSError where the file cannot be read, a Problem or Invalid where it holds no report.
    """
    text = read_input(name)
    decode = decode_json if _is_json(name, text) else yaml_text.decode
    return decode(text, DefectReport)


def _is_json(name: str, text: bytes) -> bool:
    """Tell by the file's name, or else by how the text begins."""
    suffix = PurePath(name).suffix.lower()
    if suffix in {".yaml", ".yml"}:
        return False
    return suffix == ".json" or text.lstrip()[:1] in {b"{", b"["}


def as_yaml(report: DefectReport) -> str:
    """Return a report in YAML."""
    text: str = yaml.safe_dump(msgspec.to_builtins(report), sort_keys=False, allow_unicode=True, width=_WIDTH)
    return text
