"""The text that an editor opens with, and the faults that come back into it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from installs_registry.known import KnownProduct
from storage.outcomes import Fault

#: What a line begins with that says what is wrong; such lines are taken out when they come back.
MARK: Final = "#! "

_TEMPLATE: Final = """\
# A defect of {product}: save and close to file it as a draft; empty the text to file nothing.
# Nobody is warned before it is published.
product: {id}

# Which upgrade does the harm? The first version that has the defect, and the first that no longer has it
# (leave `fixed` empty where there is none yet).{releases}
affected:
- introduced:
  fixed:

# Which kinds of install? Leave it empty where everybody is meant. A fact that an install does not report
# is unknown, and unknown is never taken for safe.{facts}
condition:

# What happens to them? One of data-loss, data-corruption, outage, degraded, cosmetic.
severity:

# One line, the subject of the mail; mail clients show about 80 characters.
title:

# What happens, in words for the customer, and what not to do.
summary: |

# How do they get out? wait, upgrade_to, roll_back, workaround, back_up, repair, exchange, credit, contact.
remedies:
- kind: wait
  text:

# Where more can be read, such as the ticket:
# references:
# - type: evidence
#   url: https://…
"""

#: Releases to name in a comment.
_NAMED: Final = 12


def template(product: KnownProduct, releases: Iterable[str]) -> str:
    """Return a report to be filled in, with what the product declares in its comments."""
    known = list(releases)[-_NAMED:]
    facts = [f"{fact.name} ({fact.type})" for fact in product.facts.values()]
    return _TEMPLATE.format(
        product=product.name,
        id=product.id,
        releases=_comment("Releases", known),
        facts=_comment("Facts", [*facts, "platform.os", "platform.os_version", "platform.arch"]),
    )


def _comment(what: str, items: list[str]) -> str:
    return f"\n# {what}: {', '.join(items)}" if items else ""


def with_faults(text: str, faults: Iterable[Fault], lines: Mapping[str, int]) -> str:
    """Return the text with each fault above the line it is about, or on top where it is about no line."""
    notes: dict[int, list[str]] = {}
    for fault in faults:
        notes.setdefault(_line(fault.at, lines), []).append(f"{MARK}{fault.at or 'the report'}: {fault.detail}")
    written: list[str] = []
    for number, line in enumerate(text.splitlines(), start=1):
        indent = line[: len(line) - len(line.lstrip())]
        written += [f"{indent}{note}" for note in notes.pop(number, [])]
        written.append(line)
    on_top = [note for rest in notes.values() for note in rest]
    return "\n".join([*on_top, *written, ""])


def without_faults(text: str) -> str:
    """Return the text without the lines that `with_faults` put in."""
    return "".join(line for line in text.splitlines(keepends=True) if not line.lstrip().startswith(MARK.strip()))


def _line(at: str, lines: Mapping[str, int]) -> int:
    """Return the line of a place or of the nearest place around it; 0 for none."""
    while at:
        if at in lines:
            return lines[at]
        at = at.rpartition("/")[0]
    return 0
