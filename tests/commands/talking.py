"""Talking to a command through a real pseudo-terminal, as a person at 80 columns does."""

from __future__ import annotations

import codecs
import fcntl
import os
import re
import select
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]
#: Seconds after which a command that says nothing more has hung; no test waits for them otherwise.
_PATIENCE = 90
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@dataclass
class Talk:
    """One command at a terminal."""

    process: subprocess.Popen[bytes]
    terminal: int
    #: All that was on the screen, without colours.
    screen: str = ""
    #: Up to where `hears` has read.
    heard: int = 0
    #: A character may come in two pieces.
    decoder: codecs.IncrementalDecoder = field(default_factory=codecs.getincrementaldecoder("utf-8"))

    def hears(self, text: str) -> None:
        """Wait until the command says something new."""
        while (found := self.screen.find(text, self.heard)) < 0:
            if not self._read():
                raise AssertionError(f"{text!r} was never said:\n{self.screen}")
        self.heard = found + len(text)

    def says(self, line: str) -> None:
        """Type a line."""
        os.write(self.terminal, f"{line}\n".encode())

    def presses(self, key: bytes) -> None:
        """Press a key, such as Ctrl-D."""
        os.write(self.terminal, key)

    def answers(self, prompt: str, line: str) -> None:
        """Wait for a prompt and answer it."""
        self.hears(prompt)
        self.says(line)

    def ends(self) -> int:
        """Wait for the end; return the exit code."""
        while self._read():
            pass
        return self.process.wait(timeout=_PATIENCE)

    def _read(self) -> bool:
        ready, _, _ = select.select([self.terminal], [], [], _PATIENCE)
        try:
            more = os.read(self.terminal, 65_536) if ready else b""
        except OSError:
            # Linux says so when the other end has closed.
            more = b""
        self.screen += _ESCAPES.sub("", self.decoder.decode(more)).replace("\r\n", "\n")
        return bool(more)


@contextmanager
def talk(*tokens: str, **environment: str) -> Iterator[Talk]:
    """Run `forewarn` with these tokens at a terminal of 80 columns."""
    ours, theirs = os.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 80, 0, 0))
    process = subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, str(ROOT / "service.py"), *tokens],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=_environment(environment),
        start_new_session=True,
    )
    os.close(theirs)
    try:
        yield Talk(process, ours)
    finally:
        process.kill()
        process.wait()
        os.close(ours)


def _environment(more: Mapping[str, str]) -> dict[str, str]:
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("FOREWARN_") and name not in {"VISUAL", "EDITOR", "COLUMNS", "LINES"}
    }
    return kept | {"TERM": "xterm", "PYTHONPATH": str(ROOT), **more}
