"""What must come out of the story, in words; each claim is checked the moment it is made."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from rich.console import Console
from rich.text import Text


class Claims:
    """Tells the story line by line, and counts the claims that hold and those that do not."""

    def __init__(self, console: Console, now: Callable[[], datetime]) -> None:
        self._console = console
        self._now = now
        self.held = 0
        self.broken: list[str] = []

    def tell(self, subject: str, what: str, style: str = "") -> None:
        """Print what happens, with the moment of the story."""
        line = Text(f"{self._now():%Y-%m-%d %H:%M}  ", style="dim")
        line.append(f"{subject:<20} ", style="bold")
        line.append(what, style=style)
        self._console.print(line, soft_wrap=True)

    def must(self, subject: str, claim: str, *, holds: bool) -> None:
        """Count a claim; print it where it does not hold."""
        if holds:
            self.held += 1
        else:
            self.broken.append(f"{subject}: {claim}")
            self.tell(subject, f"NOT TRUE: {claim}", style="bold red")
