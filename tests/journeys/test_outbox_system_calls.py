"""The outbox is killed at each system call by which it writes, to the disk or to a socket: the same must hold."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import count
from pathlib import Path

import pytest

from tests.journeys.outbox_story import OutboxStory, People, check, kept_of
from tests.journeys.watched_server import open_watched_server
from tests.postgresql_server import Server

#: Parts of the sweep that run beside one another.
PARTS = 4
#: By which a file, and by which a socket, is written.
TO_FILES = "write,pwrite64,fsync,fdatasync,ftruncate,unlink"
TO_SOCKETS = "sendto,sendmsg"

#: A thread of the run writes at least so often.
MANY = 60

SMALL = People(plain=1, upgraded=0, kept_at_rcpt=("kept-1",))


@dataclass(frozen=True)
class Fatal:
    """Starts a program under strace, which kills it as one of its threads comes to its n-th such call."""

    calls: str
    number: int
    #: None: whatever they write to.
    files: Sequence[str] | None = None

    def __call__(self) -> list[str]:
        places = [word for file in self.files or () for word in ("-P", file)]
        fatal = f"inject={self.calls}:signal=KILL:when={self.number}"
        return ["strace", "-f", "-qq", "-o", "/dev/null", *places, "-e", f"trace={self.calls}", "-e", fatal]


@cache
def can_inject() -> bool:
    """Tell whether strace is here and may kill what it has started."""
    if shutil.which("strace") is None:
        return False
    killing = [*Fatal("write", 1)(), "echo", "alive"]
    ended = subprocess.run(killing, capture_output=True, check=False)  # noqa: S603 - our own words
    return ended.returncode != 0 and b"alive" not in ended.stdout


@pytest.fixture(autouse=True)
def _strace() -> None:
    if not can_inject():
        pytest.skip("strace is not here, or may not trace: a kill at each system call needs it")


async def killed_at(url: str, fatal: Fatal) -> bool:
    """Tell the story with one outbox that is killed at a call, and check; False where it had ended before."""
    server = SMALL.server()
    async with open_watched_server(server):
        story = OutboxStory(url, server, SMALL, under=fatal)
        await story.tell()
    check(story, await kept_of(url))
    return story.deaths > 0


@pytest.fixture
def sqlite_copies(sqlite_template: Path, tmp_path: Path) -> Iterator[str]:
    """As many fresh files as are asked for."""

    def copies() -> Iterator[str]:
        for number in count():
            path = tmp_path / f"{number}.db"
            shutil.copy(sqlite_template, path)
            yield f"sqlite:///{path}"
            path.unlink()

    return copies()


@pytest.fixture
def postgresql_copies(postgresql_server: Server, postgresql_template: str) -> Iterator[str]:
    """As many fresh databases as are asked for."""

    def copies() -> Iterator[str]:
        while True:
            name = postgresql_server.create(postgresql_template)
            yield postgresql_server.url(name)
            postgresql_server.drop(name)

    return copies()


def to_file(url: str, number: int) -> Fatal:
    path = url.removeprefix("sqlite:///")
    return Fatal(TO_FILES, number, files=(path, f"{path}-wal"))


def to_socket(_: str, number: int) -> Fatal:
    return Fatal(TO_SOCKETS, number)


async def killed_at_each(part: int, copies: Iterator[str], fatal: Callable[[str, int], Fatal]) -> None:
    """Kill at every call of a part, one run each, until a run has ended before."""
    for number in count(1 + part, PARTS):
        url = next(copies)
        if not await killed_at(url, fatal(url, number)):
            assert number > MANY
            return


async def test_killed_as_it_writes_to_the_file_nobody_is_lost(sqlite_copies: Iterator[str]) -> None:
    url = next(sqlite_copies)
    assert await killed_at(url, to_file(url, 101))


async def test_killed_as_it_writes_to_a_socket_nobody_is_lost(postgresql_copies: Iterator[str]) -> None:
    url = next(postgresql_copies)
    assert await killed_at(url, to_socket(url, 71))


@pytest.mark.torture
@pytest.mark.parametrize("part", range(PARTS))
async def test_killed_at_any_write_to_the_file_nobody_is_lost(part: int, sqlite_copies: Iterator[str]) -> None:
    await killed_at_each(part, sqlite_copies, to_file)


@pytest.mark.torture
@pytest.mark.parametrize("part", range(PARTS))
async def test_killed_at_any_write_to_a_socket_nobody_is_lost(part: int, postgresql_copies: Iterator[str]) -> None:
    await killed_at_each(part, postgresql_copies, to_socket)
