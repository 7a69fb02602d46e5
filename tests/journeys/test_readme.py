"""The README's commands, copied one by one, do what it says."""

from __future__ import annotations

import os
import re
import socket
import subprocess
from contextlib import suppress
from pathlib import Path
from random import SystemRandom

import pytest

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"^```(sh|text)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.fixture
def blocks() -> list[tuple[str, str]]:
    return BLOCK.findall((ROOT / "README.md").read_text())


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder that has what a clone has after `make setup`, and no database yet."""
    for name in (".venv", "examples", "docs"):
        (tmp_path / name).symlink_to(ROOT / name)
    return tmp_path


def free_port() -> int:
    """Return a port that nobody listens on: below those that the system hands out, or another test might get it."""
    while True:
        port = SystemRandom().randrange(20_000, 30_000)
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


def script(blocks: list[tuple[str, str]]) -> str:
    """Return the commands as one script: the service is waited for once started, and ended in the end."""
    commands = "".join(text for kind, text in blocks if kind == "sh").replace("make setup\n", "")
    serving = "serve > serve.out &\n"
    assert "serve &\n" in commands
    ready = "until grep -q serving serve.log 2>/dev/null; do kill -0 %1; read -rt 0.1 <> <(:) || :; done\n"
    return "set -eu\ntrap 'kill %1; wait %1 || :' EXIT\n" + commands.replace(
        "serve &\n", serving.replace("&", "2> serve.log &") + ready
    )


def test_every_command_does_what_it_says(checkout: Path, blocks: list[tuple[str, str]]) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("FOREWARN_")}
    environment["FOREWARN_PORT"] = str(free_port())
    ran = subprocess.run(  # noqa: S603 - the README's own commands are what is tested
        ["/bin/bash", "-c", script(blocks)],
        cwd=checkout,
        env=environment,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    for kind, text in blocks:
        if kind == "text":
            assert text in ran.stdout
    assert (checkout / "forewarn-copy.db").stat().st_size > 0


def test_every_page_it_points_to_is_there() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", (ROOT / "README.md").read_text()):
        assert (ROOT / target).exists(), target
