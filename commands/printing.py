"""What the commands print: the answer to standard output, the rest to standard error. Tables are in `tables`."""

from __future__ import annotations

import shutil
import sys
import textwrap

import msgspec

from storage import parse_instant


def print_json(answer: object) -> None:
    """Print an answer as JSON, indented."""
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(answer), indent=2).decode() + "\n")


def print_line(line: str) -> None:
    """Print one line of an answer, at once: whoever reads a running service's output waits for it."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def print_prose(line: str) -> None:
    """Print one line that people read; a terminal that is too narrow gets it in several, with whole words."""
    if not sys.stdout.isatty():
        print_line(line)
        return
    indent = " " * (len(line) - len(line.lstrip()) + 2)
    width = shutil.get_terminal_size().columns
    for part in textwrap.wrap(line, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False):
        print_line(part)


def counted(number: int, thing: str, things: str) -> str:
    """Return a number with its noun: "1 delivery", "1,204 deliveries"."""
    return f"{number:,} {thing if number == 1 else things}"


def minute(at: str) -> str:
    """Return an instant as people write it."""
    return f"{parse_instant(at):%Y-%m-%d %H:%M} UTC"


def tell(sentence: str) -> None:
    """Print a sentence about the work, not part of the answer, to standard error."""
    sys.stderr.write(f"forewarn: {sentence}\n")
