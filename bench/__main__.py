"""`python -m bench [names…]`: run the benchmarks and print how they came out."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

from cyclopts import App, Parameter
from rich.console import Console

from bench import audience, check, check_in, importing, judge, machine, mail, owed, publishing
from bench.figures import Finding
from bench.plan import Plan
from bench.report import as_json, as_table

#: Columns of an output that is no terminal.
WIDTH = 140

BENCHMARKS = {each.NAME: each.run for each in (judge, check, check_in, audience, owed, mail, publishing, importing)}


def main(
    *names: str,
    rounds: Annotated[int, Parameter(help="Measured rounds of each contestant.")] = 5,
    seconds: Annotated[float, Parameter(help="Seconds of one round over HTTP.")] = 2.0,
    size: Annotated[int | None, Parameter(help="Installs to count, to warn, to import; mails to send.")] = None,
    json: Annotated[bool, Parameter(help="Print JSON with every round.", negative="")] = False,
) -> int:
    """Run the benchmarks of these names, or all: judge, check, check_in, audience, owed, mail, publishing, import."""
    unknown = [name for name in names if name not in BENCHMARKS]
    if unknown:
        print(f"No benchmark is called {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}.", file=sys.stderr)
        return 2
    facts = machine.facts()
    with TemporaryDirectory(prefix="forewarn-bench-") as folder:
        plan = Plan(folder=Path(folder), rounds=rounds, seconds=seconds)
        if size is not None:
            plan = replace(plan, installs=size, installs_on_postgresql=size, exposed=size, rows=size, mails=size)
        findings = run(names or tuple(BENCHMARKS), plan)
        if json:
            print(as_json(findings, facts))
        else:
            as_table(Console(width=None if sys.stdout.isatty() else WIDTH), findings, facts)
    return 0


def run(names: Sequence[str], plan: Plan) -> Iterator[Finding]:
    """Run these benchmarks one after another."""
    for name in names:
        yield from BENCHMARKS[name](plan)


if __name__ == "__main__":
    app = App(name="python -m bench", version_flags=[])
    app.default(main)
    sys.exit(app())
