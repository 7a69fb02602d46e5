"""What the rules judge installs by, read for many at once and kept apart only where they can tell them apart."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from msgspec import Struct

from installs_registry import asked, installs
from installs_registry.footprint_rows import Layout
from installs_registry.known import KnownProduct
from notifier.delivery.claims import NoticeLine
from risk import Exposure, Value
from storage import Tx


class Judged(Struct, frozen=True, eq=False):
    """What the rules judge installs by: one serves for all that they cannot tell apart."""

    version: str
    #: The known values of the facts that any rule of the product names.
    facts: Mapping[str, Value]
    #: Every version that these installs have had, in the order in which they had them first.
    history: tuple[str, ...] = ()


def judged(tx: Tx, product: KnownProduct, names: Iterable[str], lines: Collection[NoticeLine]) -> dict[int, Judged]:
    """Return what the rules judge the installs of these lines by, as far as they name facts, by number.

    What versions an install has had is read of those that have upgraded already: nothing is said of it to others.
    """
    layout = Layout.of_some(product, names)
    versions = asked.version_texts(tx, {line.version_no for line in lines})
    cells = asked.cells_of(tx, layout, [line.install_no for line in lines])
    upgraded = [line.install_no for line in lines if line.exposure is Exposure.ALREADY_UPGRADED]
    histories = installs.histories(tx, upgraded)
    kept: dict[object, Judged] = {}
    found: dict[int, Judged] = {}
    for line in lines:
        no = line.install_no
        key = (line.version_no, cells.get(no), histories.get(no))
        alike = kept.get(key)
        if alike is None:
            values = layout.values(cells.get(no, ()) or [None] * len(layout.readers))
            alike = kept[key] = Judged(versions[line.version_no], values, histories.get(no, ()))
        found[no] = alike
    return found
