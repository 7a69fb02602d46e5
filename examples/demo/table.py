"""The table in the end, one warning mail whole, and where to look further."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from rich import box
from rich.console import Console
from rich.measure import Measurement
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from console.mail_box import CaughtMail
from examples.demo.results import Result


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the table: its heading, and how its cell follows from a result."""

    heading: str
    cell: Callable[[Result], str]
    style: str = ""


def _audience(heading: str, exposure: str, style: str) -> Column:
    return Column(heading, lambda result: str(result.audience[exposure]["installs"]), style)


def _spared(heading: str, why: str) -> Column:
    return Column(heading, lambda result: str(result.audience["not_at_risk"]["because"][why]), "green")


def _mails(heading: str, kind: str) -> Column:
    return Column(heading, lambda result: str(result.mails.get(kind) or "–"))


def _ledger(heading: str, name: str, style: str) -> Column:
    # A later publication of the same defect has the ledger for both.
    return Column(heading, lambda result: "↓" if result.ledger is None else str(result.ledger[name]), style)


def _hours(result: Result) -> str:
    return "" if result.until_told is None else f"{result.until_told / timedelta(hours=1):.1f}"


_CONCERNED: Final = (
    _audience("at\nrisk", "at_risk", "red"),
    _audience("cannot\ntell", "cannot_tell", "yellow"),
    _audience("already\nupgraded", "already_upgraded", "magenta"),
    _spared("spared:\nversion", "version"),
    _spared("spared:\ndata", "condition"),
)
_TOLD: Final = (
    _mails("warn-\nings", "warning"),
    _mails("reco-\nveries", "recovery"),
    _mails("correc-\ntions", "correction"),
    _mails("all-\nclears", "all_clear"),
    Column("hours to\nlast mail", _hours),
    _ledger("told in\ntime", "warned_before_install", "green"),
    _ledger("too\nlate", "warned_after_install", "magenta"),
    _ledger("\nnever", "installed_unwarned", "red"),
)
_END: Final = Column("in the end", lambda result: result.end)
#: Columns of a terminal that is wide enough for anything.
_WITHOUT_LIMIT: Final = 1_000
_LEGEND: Final = """\
Installs: as previewed before publishing. Spared: not concerned, because of their version, or because of their data.
Mails: warnings went to those who had not upgraded yet, recoveries to those who had. Hours to last mail: from filing, \
on the story's clock.
Told in time: before the faulty version was installed; too late: after it; never: it was installed, and there was no \
way to tell. ↓: counted in the line below, with the wider range."""


def print_table(console: Console, results: Sequence[Result]) -> None:
    """Print a line for each publication; where the terminal is too narrow, in two tables."""
    whole = _table("Who was concerned, and who was told", (*_CONCERNED, *_TOLD, _END), results)
    if _width(console, whole) <= console.width:
        console.print(whole)
    else:
        console.print(_table("Who was concerned", (*_CONCERNED, _END), results))
        console.print(_table("Who was told", _TOLD, results))
    console.print(Text(_LEGEND, style="dim"))


def _width(console: Console, table: Table) -> int:
    return Measurement.get(console, console.options.update(max_width=_WITHOUT_LIMIT), table).maximum


def _table(title: str, columns: Sequence[Column], results: Sequence[Result]) -> Table:
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, padding=0, show_edge=False)
    table.add_column("\nincident", no_wrap=True)
    for column in columns:
        is_text = column is _END
        heading = f"\n{column.heading}" if is_text else column.heading
        table.add_column(heading, style=column.style, justify="left" if is_text else "right", no_wrap=True)
    for result in results:
        table.add_row(result.name, *(column.cell(result) for column in columns))
    return table


def print_mail(console: Console, mail: CaughtMail) -> None:
    """Print a mail whole, as its reader sees it."""
    shown = ("From", "To", "Date", "Subject", "Message-ID", "List-Unsubscribe")
    head = "\n".join(f"{name}: {value}" for name, value in mail.headers if name in shown)
    console.print(Panel(Text(f"{head}\n\n{mail.text.strip()}"), title="One of the warnings, whole", width=100))


def print_further(console: Console, address: str, sign_in: str, app_key: str) -> None:
    """Print where to look further."""
    question = f"{address}/v1/check?product=etcd&from=3.4.18&to=3.5.2&footprint.members=3"
    console.print(Text("Look further:", style="bold"))
    for what, where in (
        ("The defects, with audience and ledger; this link signs you in, once", sign_in),
        ("The mails as their readers see them", f"{address}/mails"),
        ("The HTTP interface", f"{address}/openapi.json"),
        ("Ask before an upgrade, as an app does", f"curl -H 'Authorization: Bearer {app_key}' '{question}'"),
    ):
        console.print(Text(f"  {what}:\n    {where}"), soft_wrap=True)
