"""The machine that a run was on, and keeping the contestants off each other's core."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version
from pathlib import Path

from pysqlite3 import dbapi2


def facts() -> dict[str, str]:
    """Return what a figure depends on besides our code."""
    return {
        "processor": _processor(),
        "cores": str(len(cores())),
        "load before": f"{os.getloadavg()[0]:.1f}",
        "system": platform.platform(),
        "python": platform.python_version(),
        "aiohttp": version("aiohttp"),
        "sqlite": dbapi2.sqlite_version,
    }


def cores() -> list[int]:
    """Return the numbers of the cores that this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


def pin(place: int) -> None:
    """Keep this process on one core, the first or the second; where the system cannot, leave it."""
    if hasattr(os, "sched_setaffinity") and len(cores()) > 1:
        os.sched_setaffinity(0, {cores()[place]})


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text("utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
