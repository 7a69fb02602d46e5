"""Filing as a conversation: a question, the answer checked, and whom it would concern so far."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from commands.filing.asking import Asker, chosen, offer
from commands.filing.questions import QUESTIONS, Known, Question
from commands.filing.texts import as_yaml
from commands.options import checked
from feeds.types import AffectedEntry, DefectReport
from installs_registry import products, releases
from installs_registry.types import ProductView
from notifier.types import AudienceView, Headcount
from risk import Severity
from storage import Tx
from storage.outcomes import Conflict, Invalid

#: What stands for the words that are not written yet; it concerns nobody's counts.
_UNTITLED = "(no title yet)"


@dataclass(frozen=True, slots=True)
class Conversation:
    """One conversation."""

    asker: Asker
    #: Returns whom a report would concern; raises Invalid.
    preview: Callable[[DefectReport], AudienceView]

    def report(self, known: Known) -> DefectReport:
        """Ask all questions; return the report that they make."""
        report = DefectReport(
            product=known.product.id,
            title=_UNTITLED,
            summary="",
            severity=Severity.COSMETIC,
            affected=(AffectedEntry(introduced="0"),),
        )
        for number, question in enumerate(QUESTIONS, start=1):
            report = self.answered(number, question, known, report)
        return report

    def answered(self, number: int, question: Question, known: Known, report: DefectReport) -> DefectReport:
        """Ask until the answer can be meant, and show whom it would concern."""
        self.asker.heading(f"{number} of {len(QUESTIONS)}  {question.text}", question.hint)
        while True:
            answered = question.ask(self.asker, known, report)
            try:
                view = self.preview(checked(msgspec.to_builtins(answered), DefectReport))
            except Invalid as error:
                for fault in error.faults:
                    self.asker.say(f"✗ {fault.detail} ({fault.at or 'the report'})")
                continue
            self.asker.say(f"→ {so_far(view)}")
            return answered

    def decided(self, report: DefectReport) -> str:
        """Show the whole report and what looks odd; return yes, edit or no."""
        self.asker.heading("This is what will be filed")
        self.asker.say(as_yaml(report).rstrip())
        view = self.preview(report)
        self.asker.say(f"→ {so_far(view)}")
        for warning in view.warnings:
            self.asker.say(f"! {warning.at or 'the report'}: {warning.detail}")
        self.asker.heading("File it?")
        offer(self.asker, _CHOICES)
        return chosen(self.asker, "Your choice:", _CHOICES) or "no"


_CHOICES = {"yes": "as a draft; nobody is warned before it is published", "edit": "in your editor", "no": "drop it"}


def so_far(view: AudienceView) -> str:
    """Return in one sentence whom a report would concern."""
    counts = {
        "at risk": view.at_risk,
        "where we cannot tell": view.cannot_tell,
        "already upgraded": view.already_upgraded,
        "with a repair owed": view.repair_owed,
    }
    told = [_counted(count, what) for what, count in counts.items() if count.installs]
    rest = f"{view.not_at_risk.installs:,} hear nothing"
    return f"{', '.join(told) or 'nobody at risk'}; {rest}."


def _counted(count: Headcount, what: str) -> str:
    customers = f"{count.customers:,} customer{'' if count.customers == 1 else 's'}"
    return f"{count.installs:,} install{'' if count.installs == 1 else 's'} of {customers} {what}"


def which_product(asker: Asker, declared: list[ProductView], wanted: str | None) -> str:
    """Return the product that is meant, asked for where there are several; raises Conflict or Invalid."""
    names = {product.product: product.name for product in declared}
    if not names:
        raise Conflict("No product is declared yet: begin with `forewarn product declare`.")
    if wanted is not None:
        if wanted not in names:
            raise Invalid.at("/product", "There is no such product.")
        return wanted
    if len(names) == 1:
        return next(iter(names))
    asker.heading("Which product?")
    offer(asker, names)
    return chosen(asker, "Product:", names) or next(iter(names))


def known_of(tx: Tx, product: str) -> Known:
    """Return what is declared of a product; raises NotFound."""
    known = products.find(tx, product)
    return Known(known, tuple(release.version for release in releases.of_product(tx, known.no)))
