"""What the rules judge installs by, read for many at once and kept apart only where they can tell them apart."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Mapping

from msgspec import Struct

from installs_registry import asked, installs
from installs_registry.footprint_rows import Layout
from installs_registry.known import KnownProduct
from notifier.delivery.claims import NoticeLine
from risk import Exposure, Value
from storage import Tx

#: What installs are judged by that is kept; then all is given up.
KEPT = 8_192


class Judged(Struct, frozen=True, eq=False):
    """What the rules judge installs by: one serves for all that they cannot tell apart."""

    version: str
    #: The known values of the facts that any rule of the product names.
    facts: Mapping[str, Value]
    #: Every version that these installs have had, in the order in which they had them first.
    history: tuple[str, ...] = ()


def judged(
    tx: Tx,
    product: KnownProduct,
    names: Iterable[str],
    lines: Collection[NoticeLine],
    kept: dict[Hashable, Judged] | None = None,
) -> dict[int, Judged]:
    """Return what the rules judge the installs of these lines by, as far as they name facts, by number.

    What versions an install has had is read of those that have upgraded already: nothing is said of it to others.
    `kept` holds what was found before by the same declarations and names; what is new is added to it.
    """
    layout = Layout.of_some(product, names)
    cells = asked.cells_of(tx, layout, [line.install_no for line in lines])
    upgraded = [line.install_no for line in lines if line.exposure is Exposure.ALREADY_UPGRADED]
    histories = installs.histories(tx, upgraded)
    keys = {no: (version_no, cells.get(no), histories.get(no)) for no, _, version_no, _ in lines}
    kept = {} if kept is None else kept
    if len(kept) > KEPT:
        kept.clear()
    found = {key: alike for key in keys.values() if (alike := kept.get(key))}
    new = {key for key in keys.values() if key not in found}
    versions = asked.version_texts(tx, {version_no for version_no, _, _ in new}) if new else {}
    unknown = (None,) * len(layout.readers)
    for key in new:
        version_no, row, history = key
        found[key] = kept[key] = Judged(versions[version_no], layout.values(row or unknown), history or ())
    return {no: found[key] for no, key in keys.items()}
