"""A disk that is full, and has room again: a limit on the files of one process, or a small file system of its own."""

from __future__ import annotations

import errno
import os
import resource
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pytest

#: Bytes of the small file system.
SMALL = 24 * 2**20


class Disk(Protocol):
    """Where a service keeps its database."""

    @property
    def folder(self) -> Path: ...

    def fill(self, process: int) -> None:
        """Leave no room for that process."""

    def free(self, process: int) -> None:
        """Give the room back."""


@dataclass(frozen=True)
class LimitedFiles:
    """Refuses any write of one process behind the first bytes of a file."""

    folder: Path

    def fill(self, process: int) -> None:
        resource.prlimit(process, resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))

    def free(self, process: int) -> None:
        resource.prlimit(process, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


@dataclass(frozen=True)
class SmallDisk:
    """A file system with a ballast that takes all that is left."""

    folder: Path

    def fill(self, _: int) -> None:
        room = os.statvfs(self.folder)
        # One block more than there is, so that nothing is left.
        with _until_full(), self._ballast.open("wb") as file:
            file.write(bytes(room.f_frsize * (room.f_bavail + 1)))

    def free(self, _: int) -> None:
        self._ballast.unlink()

    @property
    def _ballast(self) -> Path:
        return self.folder / "ballast"


@contextmanager
def _until_full() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise


@contextmanager
def small_disk(folder: Path) -> Iterator[SmallDisk]:
    """Mount a small file system at `folder`; skips where this user may not."""
    mounted = subprocess.run(  # noqa: S603 - our own words
        ["mount", "-t", "tmpfs", "-o", f"size={SMALL}", "tmpfs", str(folder)],  # noqa: S607 - wherever the system has it
        capture_output=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip("a file system can be mounted by root alone, where the machine lets it")
    try:
        yield SmallDisk(folder)
    finally:
        subprocess.run(["umount", str(folder)], check=True)  # noqa: S603, S607 - as above
