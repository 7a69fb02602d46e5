"""`forewarn defect file` without a report: somebody is asked, or an editor is opened."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from commands.filing.asking import Asker
from commands.filing.conversation import Conversation, known_of, which_product
from commands.filing.editor import filed_from
from commands.filing.template import template
from commands.filing.texts import as_yaml
from commands.options import Where
from feeds.types import DefectReport, DefectView
from installs_registry import products
from installs_registry.types import ProductView
from notifier import previews
from notifier.types import AudienceView
from storage import Clock, Tx
from storage.outcomes import Conflict, Invalid

#: Products to choose from; a vendor with more names the one it means.
_PRODUCTS = 200

#: Files a report as a draft; raises Invalid or Conflict.
File = Callable[[DefectReport], DefectView]


@dataclass(frozen=True, slots=True)
class Filing:
    """Somebody files a defect by hand."""

    where: Where
    clock: Clock
    file: File
    #: The product's id; None: asked for where there are several.
    product: str | None = None

    def asking(self, asker: Asker) -> DefectView:
        """File what a conversation makes; raises Conflict where it ends with nothing filed."""
        conversation = Conversation(asker, self._preview)
        product = which_product(asker, self._declared(), self.product)
        report = conversation.report(self.where.read(known_of, product))
        while True:
            choice = conversation.decided(report)
            if choice == "no":
                raise Conflict("Nothing was filed.")
            if choice == "edit":
                return filed_from(as_yaml(report), self.file)
            try:
                return self.file(report)
            except (Invalid, Conflict) as error:
                asker.say(f"✗ {error.detail}")

    def editing(self, asker: Asker, text: str | None = None) -> DefectView:
        """File what comes back from the editor, which opens with `text` or with a form to fill in."""
        if text is None:
            known = self.where.read(known_of, which_product(asker, self._declared(), self.product))
            text = template(known.product, known.releases)
        return filed_from(text, self.file)

    def _preview(self, report: DefectReport) -> AudienceView:
        return self.where.read(previews.preview, report, self.clock.now())

    def _declared(self) -> list[ProductView]:
        return self.where.read(_declared)


def _declared(tx: Tx) -> list[ProductView]:
    return products.known_products(tx, after=None, limit=_PRODUCTS)
