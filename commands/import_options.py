"""The flags of `forewarn import`: how a file is read, and what is done with its lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated

from cyclopts import Parameter

from api.imports import Import
from installs_registry.columns import Columns
from notifier.importing import ImportKind
from storage.outcomes import Conflict


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class How:
    """How an import is taken."""

    csv: bool | None = field(default=None, metadata={"help": "Whether it is CSV; left out, the file's name tells."})
    renamed: Annotated[tuple[str, ...], Parameter(name="--map", negative="")] = field(
        default=(), metadata={"help": "COLUMN=NAME: what a column of the file stands for. Repeatable."}
    )
    constants: Annotated[tuple[str, ...], Parameter(name="--set", negative="")] = field(
        default=(), metadata={"help": "NAME=VALUE: what a line has that does not say it itself. Repeatable."}
    )
    ignore_unknown_columns: Annotated[bool, Parameter(negative="")] = field(
        default=False, metadata={"help": "Pass over columns that mean nothing here."}
    )
    all_or_nothing: Annotated[bool, Parameter(negative="")] = field(
        default=False, metadata={"help": "Store nothing where a line is rejected."}
    )
    dry_run: Annotated[bool, Parameter(negative="")] = field(
        default=False, metadata={"help": "Store nothing, and tell what would change."}
    )

    def of(self, kind: ImportKind, file: str) -> Import:
        """Return the import of a file; raises Conflict, which tells what the flags contradict."""
        is_csv = file.lower().endswith(".csv") if self.csv is None else self.csv
        return Import(
            kind,
            "text/csv" if is_csv else "application/x-ndjson",
            self._columns(kind),
            all_or_nothing=self.all_or_nothing,
            dry_run=self.dry_run,
        )

    def _columns(self, kind: ImportKind) -> Columns:
        try:
            renamed = {column.strip(): name.strip() for column, name in _pairs("--map", self.renamed, last=True)}
            constants = {name.strip(): value for name, value in _pairs("--set", self.constants)}
            return Columns.of(kind, renamed, constants, ignores_unknown=self.ignore_unknown_columns)
        except ValueError as error:
            raise Conflict(str(error)) from None


def _pairs(option: str, texts: Sequence[str], *, last: bool = False) -> list[tuple[str, str]]:
    """Return what stands before and behind the first `=` of each text, or the last; raises ValueError."""
    pairs = []
    for text in texts:
        name, equals, value = text.rpartition("=") if last else text.partition("=")
        if not (equals and name.strip() and value.strip()):
            raise ValueError(f"{option} {text!r} lacks one side of its =.")
        pairs.append((name, value))
    names = [name.strip() for name, _ in pairs]
    if len(set(names)) < len(names):
        raise ValueError(f"{option} names one thing twice.")
    return pairs
