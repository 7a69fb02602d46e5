"""Questions to a person at a terminal, one after another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Protocol

from rich.console import Console
from rich.table import Table
from rich.text import Text

from storage.outcomes import Conflict


class Asker(Protocol):
    """Puts questions to somebody."""

    def heading(self, text: str, hint: str = "") -> None:
        """Begin a new question."""
        ...

    def say(self, text: str) -> None:
        """Tell a sentence."""
        ...

    def rows(self, rows: Sequence[tuple[str, str]]) -> None:
        """Show names with what they mean."""
        ...

    def ask(self, prompt: str, *, needed: bool = False) -> str:
        """Return one line, "" where nothing was said; with `needed` it is asked for until something is."""
        ...


@dataclass(frozen=True, slots=True)
class Terminal:
    """The person at this terminal. Raises Conflict where the conversation is broken off (Ctrl-D)."""

    console: Console = field(default_factory=Console)

    def heading(self, text: str, hint: str = "") -> None:
        """Begin a new question."""
        self.console.print()
        self.console.print(Text(text, style="bold"))
        if hint:
            self.console.print(Text(hint, style="dim"))

    def say(self, text: str) -> None:
        """Tell a sentence."""
        self.console.print(Text(text))

    def rows(self, rows: Sequence[tuple[str, str]]) -> None:
        """Show names with what they mean."""
        table = Table(box=None, show_header=False, pad_edge=False)
        for name, meaning in rows:
            table.add_row(Text(f"  {name}"), Text(meaning))
        self.console.print(table)

    def ask(self, prompt: str, *, needed: bool = False) -> str:
        """Return one line, "" where nothing was said; with `needed` it is asked for until something is."""
        while True:
            try:
                # Not by the console: readline must know the prompt, or editing the line would erase it.
                said = input(f"{prompt} ").strip()
            except EOFError:
                self.console.print()
                raise Conflict("The conversation was broken off; nothing was filed.") from None
            if said or not needed:
                return said


def terminal() -> Terminal:
    """Return this process's terminal; the arrow keys work where the system has readline."""
    with suppress(ImportError):
        import readline  # noqa: F401, PLC0415 - its import alone makes input() editable; not every system has it
    return Terminal()


def confirmed(asker: Asker, question: str, *, usual: bool) -> bool:
    """Return the answer to a question of yes or no, the usual one where nothing is said."""
    while True:
        said = asker.ask(f"{question} {'[Y/n]' if usual else '[y/N]'}").lower()
        if not said:
            return usual
        if said in {"y", "yes", "n", "no"}:
            return said.startswith("y")
        asker.say("Answer y or n.")


def offer(asker: Asker, choices: Mapping[str, str]) -> None:
    """Show what can be chosen, with numbers."""
    asker.rows([(f"{number} {name}", meaning) for number, (name, meaning) in enumerate(choices.items(), start=1)])


def chosen(asker: Asker, prompt: str, choices: Mapping[str, str], *, none: bool = False) -> str | None:
    """Return one of the choices, by its name or its number; None where nothing was said and that is allowed."""
    names = list(choices)
    while True:
        said = asker.ask(prompt, needed=not none)
        if not said:
            return None
        if said in choices:
            return said
        if said.isascii() and said.isdigit() and 1 <= int(said[:4]) <= len(names):
            return names[int(said[:4]) - 1]
        asker.say(f"Answer with a number from 1 to {len(names)}, or a name.")


def several_lines(asker: Asker, prompt: str) -> str:
    """Return lines up to an empty one."""
    lines = [asker.ask(prompt)]
    while lines[-1]:
        lines.append(asker.ask("…"))
    return "\n".join(lines).strip()
