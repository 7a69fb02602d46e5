"""How large a run of the benchmarks is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The sizes of a run."""

    #: An empty folder for databases.
    folder: Path
    #: Measured rounds of each contestant, after one to warm up.
    rounds: int = 5
    #: Seconds of one round over HTTP.
    seconds: float = 2.0
    #: Published defects of the product that is judged.
    defects: tuple[int, ...] = (1_000, 10_000)
    #: Different bodies that are sent.
    bodies: int = 10_000
    connections: int = 64
    #: Installs whose audience is counted.
    installs: int = 1_000_000
    #: The same on PostgreSQL.
    installs_on_postgresql: int = 100_000
    #: Installs that a publication finds at risk.
    exposed: int = 100_000
    #: Lines of an import.
    rows: int = 20_000
    #: Mails of one publication.
    mails: int = 20_000
    #: Calls of one round of judgements.
    calls: int = 2_000


def tiny(folder: Path) -> Plan:
    """Return a plan that runs in moments and whose figures mean nothing."""
    return Plan(
        folder=folder,
        rounds=1,
        seconds=0.1,
        defects=(80,),
        bodies=20,
        connections=2,
        installs=400,
        installs_on_postgresql=400,
        exposed=200,
        rows=200,
        mails=40,
        calls=5,
    )
