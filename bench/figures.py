"""What a benchmark yields: rounds of ours and of a peer, taken in turn, and the median of their ratios."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from statistics import median
from typing import Literal


@dataclass(frozen=True, slots=True)
class Measured:
    """One round of one contestant."""

    #: Requests, calls or rows.
    work: int
    #: Seconds on the clock.
    seconds: float
    #: Seconds of CPU of the process that did the work, in all its threads.
    cpu_seconds: float

    @property
    def per_second(self) -> float:
        """Return the work done in one second."""
        return self.work / self.seconds

    @property
    def micros(self) -> float:
        """Return the microseconds that one piece of work took."""
        return self.seconds / self.work * 1e6

    @property
    def cpu_micros(self) -> float:
        """Return the microseconds of CPU that one piece of work took."""
        return self.cpu_seconds / self.work * 1e6


Contestant = Callable[[], Measured]


@dataclass(frozen=True, slots=True)
class Goal:
    """What a ratio should be: at least so much of the peer's speed, or at most so much of its time."""

    of: Literal["speed", "time"]
    ratio: float

    def __str__(self) -> str:
        """Return the goal in words."""
        return f"{'at least' if self.of == 'speed' else 'at most'} {self.ratio:g}"


@dataclass(frozen=True, slots=True)
class Figure:
    """Ours beside one peer."""

    benchmark: str
    case: str
    peer: str
    ours: tuple[Measured, ...]
    theirs: tuple[Measured, ...]
    of: Literal["speed", "time"] = "speed"
    goal: Goal | None = None

    @property
    def ratio(self) -> float:
        """Return the median of the rounds' ratios, of speed or of time as `of` says."""
        speeds = [mine.per_second / other.per_second for mine, other in zip(self.ours, self.theirs, strict=True)]
        return median(speeds if self.of == "speed" else [1 / speed for speed in speeds])

    @property
    def cpu_ratio(self) -> float:
        """Return the median of the rounds' ratios of CPU per piece of work: ours by the peer's."""
        pairs = zip(self.ours, self.theirs, strict=True)
        return median(mine.cpu_micros / other.cpu_micros for mine, other in pairs)


@dataclass(frozen=True, slots=True)
class Remark:
    """A figure without a peer, or why one is missing."""

    benchmark: str
    text: str


Finding = Figure | Remark


def timed(work: Callable[[], int]) -> Measured:
    """Measure work done in this process; it returns how much it did."""
    cpu, started = time.process_time(), time.perf_counter()
    done = work()
    return Measured(done, time.perf_counter() - started, time.process_time() - cpu)


def in_turn(
    benchmark: str, case: str, ours: Contestant, peers: Mapping[str, Contestant], rounds: int, goal: Goal
) -> Iterator[Figure]:
    """Let ours and its peers run in turn, once to warm up and then `rounds` times.

    The goal is against the first of `peers`; the others are there to compare.
    """
    taken: dict[str, list[Measured]] = {name: [] for name in ("", *peers)}
    for turn in range(rounds + 1):
        for name, contestant in {"": ours, **peers}.items():
            measured = contestant()
            if turn:
                taken[name].append(measured)
    first = next(iter(peers))
    for name in peers:
        yield Figure(
            benchmark,
            case,
            name,
            tuple(taken[""]),
            tuple(taken[name]),
            goal.of,
            goal if name == first else None,
        )
