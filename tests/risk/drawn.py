"""Random defects and footprints, few enough of each kind to meet one another often."""

from __future__ import annotations

from random import Random
from typing import Final

from risk import Defect, Severity, Value

from .builders import a_defect
from .naive import VERSIONS

CONDITIONS: Final = [
    *("", "", "notebooks > 0", "notebooks > 1 || sync", "sync && storage_format == 'v1'", "storage_format == 'v1'"),
    *("storage_format in ['v1', 'v2'] && !sync", "notebooks == 1 && storage_format == 'v2'", "storage_format != 'v1'"),
    *("!(storage_format == 'v1' && sync)", "!(notebooks > 0 || storage_format != 'v3')", "has(sync) && notebooks == 2"),
]


def drawn_defect(random: Random, number: int) -> Defect:
    def some_range() -> str:
        low, high = sorted(random.sample(VERSIONS, 2), key=VERSIONS.index)
        return random.choice([f"{low}..{high}", f"{low}..={high}", f"{low}..", f"{low},{high}", f"0..{high}"])

    return a_defect(
        " ".join(some_range() for _ in range(random.choice([1, 1, 2]))),
        random.choice(CONDITIONS),
        name=f"N-{number}",
        severity=random.choice(["data-loss", "data-loss", *Severity]),
        upgrading_from=some_range() if random.random() < 0.6 else "",
    )


def drawn_facts(random: Random) -> dict[str, Value]:
    drawn: dict[str, Value] = {
        "notebooks": random.randint(0, 2),
        "sync": random.random() < 0.5,
        "storage_format": random.choice(["v1", "v2", "v3"]),
    }
    return {name: value for name, value in drawn.items() if random.random() < 0.6}
