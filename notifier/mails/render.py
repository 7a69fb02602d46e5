"""Letters as text and as HTML."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from notifier.mails.facts import MailFacts
from notifier.mails.letters import Letter, letter

TEMPLATES = Path(__file__).parent / "templates"
#: Characters of a line of text; longer ones are broken where they are quoted in a reply.
WIDTH = 72

#: Colours per tone, by day and in the dark; each has a contrast of at least 4.5 to its ground (WCAG 2.2, AA).
TONES = {
    "stop": ("#b3261e", "#ffb4ab"),
    "act": ("#a34a00", "#ffb77c"),
    "news": ("#1f5fa8", "#a8c8ff"),
    "fine": ("#1b6e3c", "#8fd8a8"),
}


@dataclass(frozen=True, slots=True)
class Rendered:
    """One mail in words, in both of its forms."""

    subject: str
    text: str
    html: str


class Renderer:
    """Holds the compiled templates; one serves a whole process."""

    def __init__(self) -> None:
        self._templates = Environment(
            loader=FileSystemLoader(TEMPLATES),
            autoescape=select_autoescape(["html"]),
            undefined=StrictUndefined,
            # The templates do not change while the service runs; to look would cost each mail a few system calls.
            auto_reload=False,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.filters["wrapped"] = wrapped

    def render(self, facts: MailFacts) -> Rendered:
        """Return the mail that `facts` call for."""
        written = letter(facts)
        text, html = (self._fill(template, facts, written) for template in ("letter.txt", "letter.html"))
        return Rendered(written.subject, text, html)

    def _fill(self, template: str, facts: MailFacts, written: Letter) -> str:
        day, dark = TONES[written.tone]
        return self._templates.get_template(template).render(letter=written, facts=facts, day=day, dark=dark)


def wrapped(text: str, indent: int = 0) -> str:
    """Return `text` in lines of at most WIDTH characters, each after `indent` spaces; addresses stay whole."""
    margin = " " * indent
    lines = [
        textwrap.fill(
            line, WIDTH, initial_indent=margin, subsequent_indent=margin, break_long_words=False, break_on_hyphens=False
        )
        for line in text.splitlines()
    ]
    return "\n".join(lines)
