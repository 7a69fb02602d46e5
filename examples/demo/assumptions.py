"""What the incident files fill in, as a section of docs/demo.md; run it to renew the page."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from examples.demo.records import Incident, incidents

#: The heading of the section; it is the last of the page.
SECTION: Final = "## What is filled in\n"
PAGE: Final = Path(__file__).parents[2] / "docs" / "demo.md"


def filled_in(found: Iterable[Incident]) -> str:
    """Return the section without its heading, in Markdown."""
    return "\n".join(line for incident in found for line in _lines(incident))


def _lines(incident: Incident) -> Iterator[str]:
    yield f"### {incident.name}\n"
    yield f"{incident.lesson} Sources: {'; '.join(incident.sources)}.\n"
    yield from (f"- {assumption}" for assumption in incident.assumptions)
    days = ", ".join(f"{each.version} ({each.offered_at:%Y-%m-%d})" for each in incident.releases if each.assumed)
    if days:
        yield f"- Release days: {days}."
    yield ""


def renew() -> None:
    """Write the section into the page."""
    before, heading, _ = PAGE.read_text("utf-8").partition(SECTION)
    PAGE.write_text(f"{before}{heading}\n{filled_in(incidents())}", "utf-8")


if __name__ == "__main__":
    renew()
