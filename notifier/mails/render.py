"""Letters as text and as HTML."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from notifier.mails.facts import MailFacts
from notifier.mails.letters import letter
from notifier.mails.marks import Marks
from notifier.mails.parts import Item, Letter

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

#: Of fonts; a mail names it some fifteen times, as Outlook hands none down into a table.
_FAMILY = Markup("-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif")


@dataclass(frozen=True, slots=True)
class Rendered:
    """One mail, or one entry of a list in it, in both of its forms."""

    #: Empty for an entry.
    subject: str
    text: str
    html: str


class Renderer:
    """Holds the compiled templates; one serves a whole process."""

    def __init__(self, marks: Marks | None = None) -> None:
        self.marks = marks or Marks()
        self._templates = Environment(
            loader=FileSystemLoader(TEMPLATES),
            autoescape=select_autoescape(["html"]),
            undefined=StrictUndefined,
            # The templates do not change while the service runs; to look would cost each mail a few system calls.
            auto_reload=False,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
        )
        self._templates.filters["wrapped"] = self._wrapped

    def render(self, facts: MailFacts) -> Rendered:
        """Return the mail that `facts` call for."""
        return self.render_letter(letter(facts), facts)

    def render_letter(self, written: Letter, facts: MailFacts) -> Rendered:
        """Return a mail that is written already."""
        text, html = (self._fill(f"letter.{form}", written, letter=written, facts=facts) for form in ("txt", "html"))
        return Rendered(written.subject, text, html)

    def render_item(self, item: Item, written: Letter) -> Rendered:
        """Return an entry of a list in a mail."""
        text, html = (self._fill(f"item.{form}", written, item=item) for form in ("txt", "html"))
        return Rendered("", text, html)

    def _fill(self, template: str, written: Letter, **context: object) -> str:
        day, dark = TONES[written.tone]
        return self._templates.get_template(template).render(**context, family=_FAMILY, day=day, dark=dark)

    def _wrapped(self, text: str, indent: int = 0) -> str:
        """Return `wrapped`, or a mark for it where the text is not known yet."""
        return self.marks.paragraph(text, indent) if self.marks.among(text) else wrapped(text, indent)


def wrapped(text: str, indent: int = 0) -> str:
    """Return `text` in lines of at most WIDTH characters, each after `indent` spaces; addresses stay whole."""
    if len(text) + indent <= WIDTH and text.isprintable() and text.strip(" ") == text != "":
        return " " * indent + text
    margin = " " * indent
    lines = [
        textwrap.fill(
            line, WIDTH, initial_indent=margin, subsequent_indent=margin, break_long_words=False, break_on_hyphens=False
        )
        for line in text.splitlines()
    ]
    return "\n".join(lines)
