"""Footprints of many installs at once: read with their installs, written in few statements."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from installs_registry import footprints
from installs_registry.footprints import KEY, cells_of, footprint_table, moving, parts_of, upsert, value_of
from installs_registry.known import KnownProduct
from risk import Fact, FactType, Value
from storage import Tx

#: The number of an install's version, its own, and the known values of its declared facts.
Known = tuple[int, int, Mapping[str, Value]]
#: The same, and the names of the facts whose values have changed.
Change = tuple[int, int, Mapping[str, Value], Collection[str]]

#: The part in which each install has a row.
_FIRST = 1

#: What is written is the value itself, in one column.
_STORED_AS_THEY_ARE = frozenset({FactType.INTEGER, FactType.NUMBER, FactType.STRING, FactType.BOOLEAN})
#: What a column holds is the value itself.
_PLAIN = frozenset({FactType.INTEGER, FactType.NUMBER, FactType.STRING, FactType.VERSION})


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """Where the declared facts of a product are in the rows of a query over `tables`."""

    #: As SQL, each behind a comma; empty for a product without facts.
    columns: str
    #: Joins to installs i.
    tables: str
    #: The facts in the order of the columns, each with what makes its value of a cell; None: the cell is the value.
    readers: tuple[tuple[str, Callable[[object], Value] | None], ...]

    @classmethod
    def of(cls, product: KnownProduct) -> Layout:
        """Return the layout of a product's facts as they are declared now."""
        columns = footprints.columns(product)
        return cls(
            columns="".join(f", {columns[name].sql}" for name in product.facts),
            tables=footprints.joins(product),
            readers=tuple((name, _reader(fact)) for name, fact in product.facts.items()),
        )

    @classmethod
    def of_some(cls, product: KnownProduct, names: Iterable[str]) -> Layout:
        """Return the layout of some facts, and of what is known of every install; what is not declared is left out.

        Of its own it has tables for the facts alone: versions v1 (the first) must be there.
        """
        columns = footprints.columns(product)
        known = [name for name in names if name in columns and name not in product.retired]
        facts = [name for name in known if name in product.facts]
        return cls(
            columns="".join(f", {columns[name].sql}" for name in known),
            tables=footprints.joins(product, facts),
            readers=tuple((name, _reader(product.facts[name]) if name in product.facts else None) for name in known),
        )

    def values(self, cells: Sequence[object]) -> dict[str, Value]:
        """Return the known values in the cells of a row, from the first fact's on."""
        return {
            name: cell if read is None else read(cell)  # type: ignore[misc]
            for (name, read), cell in zip(self.readers, cells, strict=True)
            if cell is not None
        }


def _reader(fact: Fact) -> Callable[[object], Value] | None:
    return None if fact.type in _PLAIN else lambda cell: value_of(fact, cell)


def insert(tx: Tx, product: KnownProduct, made: Sequence[Known]) -> None:
    """Store the first footprints of new installs: each has a row in the first part, known values or not."""
    for part in parts_of(product):
        facts = [fact for fact in product.facts.values() if product.parts[fact.name] == part]
        columns = [column for fact in facts for column in cells_of(product, fact, None)]
        rows = (
            (version_no, install_no, *_row(product, facts, values))
            for version_no, install_no, values in made
            if part == _FIRST or any(fact.name in values for fact in facts)
        )
        tx.bulk_insert(footprint_table(product.no, part), (*KEY, *columns), rows)


def _row(product: KnownProduct, facts: Sequence[Fact], values: Mapping[str, Value]) -> list[object]:
    """Return the cells of these facts, in their order."""
    row: list[object] = []
    for fact in facts:
        value = values.get(fact.name)
        if fact.type in _STORED_AS_THEY_ARE:
            row.append(value)
        else:
            row += cells_of(product, fact, value).values()
    return row


def write(tx: Tx, product: KnownProduct, changes: Sequence[Change]) -> None:
    """Store changes of footprints, at the version each install has now.

    A part takes one statement: the facts that have changed in any of its rows are written in all of them, as they are.
    """
    changed = {name for *_, names in changes for name in names}
    for part in sorted({product.parts[name] for name in changed}):
        facts = [product.facts[name] for name in sorted(changed) if product.parts[name] == part]
        own = frozenset(fact.name for fact in facts)
        rows = [
            _cells(product, facts, version_no, install_no, values)
            for version_no, install_no, values, names in changes
            if not own.isdisjoint(names)
        ]
        tx.built_at_once(upsert(tx.dialect, product, part, facts), rows)


def _cells(
    product: KnownProduct, facts: Sequence[Fact], version_no: int, install_no: int, values: Mapping[str, Value]
) -> dict[str, object]:
    """Return the row of an install by its columns."""
    row: dict[str, object] = {"version_no": version_no, "install_no": install_no}
    for fact in facts:
        row |= cells_of(product, fact, values.get(fact.name))
    return row


def move(tx: Tx, product: KnownProduct, moves: Iterable[tuple[int, int, int]]) -> None:
    """Let footprints follow their installs, each given as its number, the version it had and the one it has now."""
    rows = [{"install_no": no, "version_no": had, "moved_to": has} for no, had, has in moves]
    for part in parts_of(product) if rows else ():
        tx.built_at_once(moving(tx.dialect, product, part), rows)
