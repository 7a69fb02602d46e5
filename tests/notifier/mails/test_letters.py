"""What the mails say, in text and HTML alike."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from html.parser import HTMLParser

import pytest

from notifier.mails.dates import in_words
from notifier.mails.facts import MailFacts, Option, Outcome
from notifier.mails.render import TONES, WIDTH, Renderer
from notifier.states import NoticeKind
from risk import Exposure, Severity
from tests.notifier.mails.builders import a_line, some_facts

UPGRADED = a_line(version="4.2.0", exposure=Exposure.ALREADY_UPGRADED, earlier="4.1.3")
OWED = a_line(install="old-mac", version="4.2.2", exposure=Exposure.REPAIR_OWED)
REPAIR = Option(index=3, kind="repair", text="Run “Repair library”.")

RESOLVED = {"kind": NoticeKind.ALL_CLEAR, "outcome": Outcome.RESOLVED, "fixed_in": "4.2.2", "safe_version": "4.2.2"}

CASES = {
    "warning": some_facts(),
    "warning without a single target": some_facts(target=None, options=(), safe_version="4.1.4"),
    "recovery": some_facts(
        kind=NoticeKind.RECOVERY, lines=(UPGRADED,), options=(REPAIR, Option(index=1, kind="roll_back"))
    ),
    "correction": some_facts(kind=NoticeKind.CORRECTION, changes=("It now concerns 4.2.2 too.",)),
    "resolved": some_facts(**RESOLVED),
    "resolved with something left": some_facts(**RESOLVED, lines=(UPGRADED, OWED), options=(REPAIR,)),
    "resolved by a release with another fault": some_facts(**{**RESOLVED, "safe_version": None}),
    "withdrawn": some_facts(kind=NoticeKind.ALL_CLEAR, outcome=Outcome.WITHDRAWN, reason="It was a failing disk."),
    "narrowed": some_facts(kind=NoticeKind.ALL_CLEAR, outcome=Outcome.NARROWED),
}
every_case = pytest.mark.parametrize("facts", CASES.values(), ids=CASES.keys())


class Words(HTMLParser):
    """Collects what a reader of the HTML sees, and checks that every element ends."""

    VOID = frozenset({"meta", "br"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.words: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in self.VOID:
            self.open.append(tag)
        if tag == "a":
            self.links.append(dict(attrs)["href"] or "")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not {"style", "title"} & set(self.open):
            self.words += data.split()


def read(html: str) -> Words:
    words = Words()
    words.feed(html)
    words.close()
    assert words.open == []
    return words


@every_case
def test_text_and_html_say_the_same(facts: MailFacts) -> None:
    mail = Renderer().render(facts)
    seen = read(mail.html)
    html = " ".join(seen.words)
    sentences = [
        paragraph
        for paragraph in re.split(r"\n\s*\n", mail.text)
        if not re.search(r"https?://|^-|^\d\.|^[A-Z ]+$", paragraph.strip())
    ]
    for sentence in sentences:
        assert " ".join(sentence.split()) in html
    assert facts.url in mail.text
    assert facts.url in seen.links
    assert facts.unsubscribe_url in seen.links


@every_case
def test_lines_of_text_are_short_but_for_addresses(facts: MailFacts) -> None:
    for line in Renderer().render(facts).text.splitlines():
        assert len(line) <= WIDTH or "http" in line


@every_case
def test_nothing_is_loaded_from_elsewhere(facts: MailFacts) -> None:
    html = Renderer().render(facts).html
    assert "<img" not in html
    assert "<script" not in html
    assert "url(" not in html


def test_a_warning_says_first_what_to_do() -> None:
    text = Renderer().render(some_facts()).text
    assert (
        text.index("Please do not install Notes 4.2.0 yet") < text.index("WHAT TO DO") < text.index("WHAT WOULD HAPPEN")
    )
    assert "1. Wait, and keep the version you have" in text
    assert "2. Install version 4.1.4" in text


def test_who_cannot_be_told_for_sure_is_told_so() -> None:
    line = a_line(exposure=Exposure.CANNOT_TELL, missing=("storage_format",))
    text = Renderer().render(some_facts(lines=(line,))).text
    assert "We cannot tell for sure: we do not know storage_format." in text


def test_going_back_is_offered_only_to_the_install_that_can() -> None:
    back = Option(index=1, kind="roll_back")
    never = a_line(install="new-mac", version="4.2.0", exposure=Exposure.ALREADY_UPGRADED)
    text = Renderer().render(some_facts(kind=NoticeKind.RECOVERY, lines=(UPGRADED, never), options=(back,))).text
    assert text.count("It can go back to 4.1.3.") == 1


def test_a_test_mail_says_so_in_subject_and_body_and_has_nobody_to_unsubscribe() -> None:
    mail = Renderer().render(some_facts(is_test=True, unsubscribe_url=None))
    assert mail.subject.startswith("[Test] ")
    for form in (mail.text, mail.html):
        assert "This is a test." in form
        assert "No more such mails" not in form


def test_the_foot_says_what_unsubscribing_stops_and_what_not() -> None:
    mail = Renderer().render(some_facts())
    said = "That stops all our mails but one kind: that your data would be lost or damaged."
    for form in (mail.text, mail.html):
        assert f"{said} On the same page you can stop these too." in " ".join(form.split())


def test_markup_in_what_others_wrote_is_shown_and_not_obeyed() -> None:
    html = Renderer().render(some_facts(customer="<b>Ada</b>", summary="<script>alert(1)</script>")).html
    assert "&lt;b&gt;Ada&lt;/b&gt;" in html
    assert "<script>" not in html


@pytest.mark.parametrize("severity", list(Severity))
def test_each_severity_has_its_harm_in_words(severity: Severity) -> None:
    assert "fault in it that" in " ".join(Renderer().render(some_facts(severity=severity)).text.split())


@pytest.mark.parametrize(("day", "dark"), TONES.values(), ids=TONES.keys())
def test_colours_can_be_read_by_day_and_in_the_dark(day: str, dark: str) -> None:
    assert contrast(day, "#ffffff") >= 4.5
    assert contrast(dark, "#1e2127") >= 4.5
    assert contrast(dark, "#14161a") >= 4.5


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of WCAG 2.2."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize(
    ("locale", "zone", "words"),
    [
        ("en-GB", "Europe/Berlin", "20 November 2026 at 14:05 CET"),
        ("en-US", "America/New_York", "November 20, 2026 at 8:05 AM EST"),
        (None, None, "20 November 2026 at 13:05 UTC"),
        ("de-DE", "Europe/Berlin", "20 November 2026 at 14:05 CET"),
        ("not a tag!", "../../etc/passwd", "20 November 2026 at 13:05 UTC"),
        ("en-GB", "Nowhere/Land", "20 November 2026 at 13:05 UTC"),
    ],
)
def test_dates_are_written_as_the_reader_does(locale: str | None, zone: str | None, words: str) -> None:
    moment = datetime(2026, 11, 20, 13, 5, tzinfo=UTC)
    assert " ".join(in_words(moment, locale, zone).split()) == words
