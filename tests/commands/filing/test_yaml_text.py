"""YAML for reports: what is written is what is meant, and what could mean something else is refused."""

from __future__ import annotations

import msgspec
import pytest

from api.problems import Problem
from commands.filing import yaml_text
from commands.filing.texts import as_yaml
from feeds.types import DefectReport
from storage.outcomes import Invalid
from tests.notifier.stage import ERASES_V2

REPORT = """\
# Filed by QA.
product: notes
title: "Upgrading: notes are lost"
summary: |
  The first start drops them.
  Do not upgrade.
severity: data-loss
affected:
- introduced: 4.10
  fixed: 4.20
- versions: [4.1, 2026-01-31, no]
condition:
remedies: []
"""


def test_a_version_a_date_and_a_word_stay_as_they_were_written() -> None:
    report = yaml_text.decode(REPORT.encode(), DefectReport)
    assert (report.affected[0].introduced, report.affected[0].fixed) == ("4.10", "4.20")
    assert report.affected[1].versions == ("4.1", "2026-01-31", "no")
    assert report.condition is None
    assert report.summary == "The first start drops them.\nDo not upgrade.\n"


def test_what_is_written_as_yaml_is_read_as_it_was() -> None:
    report = msgspec.convert(
        {**ERASES_V2, "summary": "ünï\n'quotes' & \"more\": #1", "condition": "!has(x)"}, DefectReport
    )
    assert yaml_text.decode(as_yaml(report).encode(), DefectReport) == report


def test_each_place_has_its_line() -> None:
    lines = yaml_text.read(REPORT.encode()).lines
    assert (lines["/product"], lines["/affected/0/fixed"], lines["/affected/1"], lines["/remedies"]) == (2, 10, 11, 13)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("condition: !has(notebooks)", "Line 1: put in quotes what begins with !"),
        ("a: &x 1\nb: *x", "Line 1: put in quotes what begins with & or *"),
        ("a: *x", "Line 1: put in quotes"),
        ("a: !!python/object/apply:os.system ['true']", "Line 1: put in quotes what begins with !"),
        ("a: [", "The text is no YAML at line 1"),
        ("a: 'b' in c", "The text is no YAML at line 1"),
        ("a: b\n\tc: d", "The text is no YAML at line 2"),
        ("a: 1\n---\nb: 2", "The text is no YAML at line 2"),
        ("a: \x07", "The text is no YAML"),
        ("[" * 100_000, "nested more than 64 levels"),
        ("a: " * 1000, "The text is no YAML at line 1"),
    ],
)
def test_what_could_mean_something_else_is_refused_with_its_line(text: str, says: str) -> None:
    with pytest.raises(Problem) as refused:
        yaml_text.read(text.encode())
    assert says in str(refused.value)


def test_bytes_that_are_no_text_are_refused() -> None:
    with pytest.raises(Problem, match="UTF-8"):
        yaml_text.read(b"a: \xff")


def test_a_key_that_is_there_twice_is_refused_at_its_place() -> None:
    with pytest.raises(Invalid) as refused:
        yaml_text.read(b"a:\n  b: 1\n  b: 2\n")
    assert [(fault.at, fault.detail) for fault in refused.value.faults] == [
        ("/a/b", "Line 3: the key 'b' is there twice.")
    ]


def test_a_key_that_is_no_word_is_refused() -> None:
    with pytest.raises(Invalid) as refused:
        yaml_text.read(b"[a, b]: 1")
    assert [fault.at for fault in refused.value.faults] == [""]


@pytest.mark.parametrize(
    ("changes", "at"), [("severity: bad", "/severity"), ("surprise: 1", "/surprise"), ("affected: 4.2", "/affected")]
)
def test_a_text_of_another_shape_is_refused_at_the_place(changes: str, at: str) -> None:
    name = changes.partition(":")[0]
    kept = "".join(line for line in REPORT.splitlines(keepends=True) if not line.startswith(f"{name}:"))
    kept = (
        kept
        if name != "affected"
        else kept.replace("- introduced: 4.10\n  fixed: 4.20\n- versions: [4.1, 2026-01-31, no]\n", "")
    )
    with pytest.raises(Invalid) as refused:
        yaml_text.decode(f"{kept}{changes}\n".encode(), DefectReport)
    assert [fault.at for fault in refused.value.faults] == [at]


@pytest.mark.parametrize("text", ["", "# nothing", "null", "just words", "- a"])
def test_a_text_without_a_report_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        yaml_text.decode(text.encode(), DefectReport)
