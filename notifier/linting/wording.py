"""Lints of the words: does the text say what to do, and does it reach the reader as it was written."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from types import MappingProxyType
from typing import Final

from feeds.types import DefectReport, LintWarning
from notifier.linting.case import Case

#: Longer titles are cut off in a mail client's list.
TITLE_SHOWN: Final = 80


def long_title(case: Case) -> Iterator[LintWarning]:
    """Look for a title that a mail client cuts off."""
    length = len(case.report.title)
    if length > TITLE_SHOWN:
        yield LintWarning("/title", f"The title has {length} characters; mail clients show about {TITLE_SHOWN}.")


def no_summary(case: Case) -> Iterator[LintWarning]:
    """Look for a summary."""
    if not case.report.summary.strip():
        yield LintWarning("/summary", "There is no summary: the mail cannot say what would happen.")


def summary_without_advice(case: Case) -> Iterator[LintWarning]:
    """Look for a word of what to do or not to do, in the summary or in a remedy."""
    report = case.report
    told = any(remedy.text and remedy.text.strip() for remedy in report.remedies)
    if told or not _ENGLISH.search(report.summary) or _ADVICE.search(report.summary):
        return
    detail = "The summary says what happens, but neither what not to do nor what to do."
    yield LintWarning("/summary", detail)


def markup(case: Case) -> Iterator[LintWarning]:
    """Look for markup, which a plain mail shows as it was typed."""
    for at, text in _texts(case.report):
        for what, pattern in _MARKUP.items():
            found = pattern.search(text)
            if found is not None:
                shown = " ".join(found[0].split())[:40]
                yield LintWarning(at, f"A plain mail shows {what} as it was typed: {shown}")
                break


def invisible_characters(case: Case) -> Iterator[LintWarning]:
    """Look for characters that turn text around, are not seen, or stand for something that was lost."""
    for at, text in _texts(case.report):
        odd = next((character for character in text if _is_odd(character)), None)
        if odd is not None:
            name = unicodedata.name(odd, "no character that readers know").lower()
            yield LintWarning(at, f"U+{ord(odd):04X} ({name}) may not survive a plain mail, or not be seen in it.")


def _texts(report: DefectReport) -> Iterator[tuple[str, str]]:
    yield "/title", report.title
    yield "/summary", report.summary
    for index, remedy in enumerate(report.remedies):
        if remedy.text:
            yield f"/remedies/{index}/text", remedy.text


def _is_odd(character: str) -> bool:
    return character in _ODD or unicodedata.category(character) in {"Co", "Cn"}


#: Zero-width space, byte-order mark, replacement character; the embeddings and overrides of direction (UAX #9).
_ODD: Final = frozenset("\u200b\ufeff\ufffd\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")

_MARKUP: Final = MappingProxyType(
    {
        "HTML": re.compile(
            r"</?(?:a|b|i|p|br|em|strong|code|pre|ul|ol|li|h[1-6]|img|table|tr|td|div|span)\b[^<>]*>"
            r"|&(?:nbsp|amp|lt|gt|quot|#\d+);",
            re.IGNORECASE,
        ),
        "a Markdown link": re.compile(r"!?\[[^\]\n]+\]\([^)\s]+\)"),
        "a Markdown code block": re.compile(r"^```.*$", re.MULTILINE),
        "a Markdown heading": re.compile(r"^#{1,6} .*$", re.MULTILINE),
        "Markdown emphasis": re.compile(r"\*\*[^*\n]+\*\*|(?<!\w)__[^_\n]+__(?!\w)"),
    }
)

# What to do can be looked for in one language only; a text in another is let be.
_ENGLISH: Final = re.compile(r"\b(?:the|a|an|and|of|is|are|to|in|on|with)\b", re.IGNORECASE)
_ADVICE: Final = re.compile(
    r"\b(?:do not|don't|must not|never|avoid|wait|stay (?:on|with|at)|please|should|must|need to|have to"
    r"|(?:up(?:grade|date)|go back|roll back|downgrade|switch|move) to|roll back|downgrade|back up|backup|export"
    r"|re-?index|re-?install|uninstall|work ?around|instead|disable|turn off|contact|restore|set \w+)\b",
    re.IGNORECASE,
)
