"""Filing in an editor: what is wrong comes back into the text, above the line it is about."""

from __future__ import annotations

import os
import shlex
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

from api.problems import Problem
from commands.filing import yaml_text
from commands.filing.template import with_faults, without_faults
from commands.options import checked
from feeds.types import DefectReport
from storage.outcomes import Conflict, Fault, Invalid

T = TypeVar("T")

#: Shows a text to the person and returns what it has become.
Edit = Callable[[str], str]


def edited(text: str) -> str:
    """Return a text as it comes back from $VISUAL or $EDITOR; raises Conflict where the editor fails."""
    command = shlex.split(os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi")
    with tempfile.TemporaryDirectory(prefix="forewarn-") as folder:
        path = Path(folder) / "defect.yaml"
        path.write_text(text, encoding="utf-8")
        try:
            ended = subprocess.run([*command, str(path)], check=False)  # noqa: S603 - the person's own editor
        except OSError as error:
            raise Conflict(f"The editor {command[0]} cannot be started: {error.strerror}.") from None
        if ended.returncode:
            raise Conflict(f"The editor {command[0]} ended with {ended.returncode}; nothing was filed.")
        return path.read_text(encoding="utf-8", errors="replace")


def filed_from(text: str, file: Callable[[DefectReport], T], edit: Edit = edited) -> T:
    """Let a text be edited until `file` takes its report; return what `file` returns.

    Raises Conflict where the text comes back empty, or unchanged while something is wrong with it.
    """
    shown = text
    while True:
        back = edit(shown)
        written = without_faults(back)
        if not _says_anything(written):
            raise Conflict("The text is empty; nothing was filed.")
        lines: Mapping[str, int] = {}
        try:
            document = yaml_text.read(written.encode())
            lines = document.lines
            return file(checked(document.value, DefectReport))
        except (Problem, Invalid, Conflict) as error:
            marked = with_faults(written, _faults(error), lines)
        if marked == back:
            raise Conflict("The text came back unchanged, and something is wrong with it; nothing was filed.")
        shown = marked


def _faults(error: Problem | Invalid | Conflict) -> tuple[Fault, ...]:
    faults: tuple[Fault, ...] = error.faults if isinstance(error, Problem | Invalid) else ()
    return faults or (Fault("", str(error)),)


def _says_anything(text: str) -> bool:
    return any(line.strip() and not line.lstrip().startswith("#") for line in text.splitlines())
