"""A condition compiled to SQL, for many installs at once: a three-valued expression, NULL where unknown.

The same text serves SQLite and PostgreSQL but for sets and for the order of texts. Facts stand in typed
columns: booleans as 0/1 or BOOLEAN, sets as a sorted JSON array, versions as text beside their sort key.
Use the result as `(…) IS NOT FALSE`, `(…) IS TRUE` or `(…) IS NULL`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from installs_registry.footprints import Column
from risk import FactType, Node, Scheme, Vocabulary, fits
from risk.kinds import scheme_of
from risk.tree import Scalar
from storage.queries import Dialect

#: `{0}` and `{1}` are the two sides; `in` is here for lists.
_OPERATORS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "==": "({0} = {1})",
        "!=": "({0} <> {1})",
        "<": "({0} < {1})",
        "<=": "({0} <= {1})",
        ">": "({0} > {1})",
        ">=": "({0} >= {1})",
        "in": "({0} IN ({1}))",
        "startsWith": "(substr({0}, 1, length({1})) = {1})",
        "endsWith": "(length({0}) >= length({1}) AND substr({0}, length({0}) - length({1}) + 1) = {1})",
        "contains": "({position}({0}, {1}) > 0)",
    }
)


@dataclass(frozen=True, slots=True)
class Sql:
    """An expression and its parameters, named c0, c1 and so on."""

    text: str
    parameters: dict[str, object] = field(default_factory=dict)


def condition_sql(node: Node | None, vocabulary: Vocabulary, columns: Mapping[str, Column], dialect: Dialect) -> Sql:
    """Compile to SQL; raises LookupError where a declared name has no column."""
    writer = _Writer(vocabulary, columns, dialect)
    return Sql("TRUE" if node is None else writer.condition(node), writer.parameters)


@dataclass(frozen=True, slots=True)
class _Writer:
    """Writes one expression, collecting its parameters."""

    vocabulary: Vocabulary
    columns: Mapping[str, Column]
    dialect: Dialect
    parameters: dict[str, object] = field(default_factory=dict)

    def condition(self, node: Node) -> str:
        if node.op == "!":
            return f"(NOT {self.condition(node.args[0])})"
        if node.op in ("&&", "||"):
            joint = " AND " if node.op == "&&" else " OR "
            return f"({joint.join(self.condition(arg) for arg in node.args)})"
        return self.test(node) if fits(node, self.vocabulary) else "CAST(NULL AS BOOLEAN)"

    def test(self, node: Node) -> str:
        if node.op in ("literal", "name"):
            return self.value(node, None)
        if node.op == "has":
            return f"({self.columns[str(node.value)].sql} IS NOT NULL)"
        scheme = scheme_of(node, self.vocabulary)
        left = self.value(node.args[0], scheme)
        items = node.args[1].args if node.args[1].op == "list" else node.args[1:]
        right = ", ".join(self.value(item, scheme) for item in items)
        if node.op == "in" and node.args[1].op == "name":
            return self.membership(left, right)
        if node.op in ("<", "<=", ">", ">="):
            left += self.collation(node)
        position = "instr" if self.dialect == "sqlite" else "strpos"
        return _OPERATORS[node.op].format(left, right, position=position)

    def membership(self, item: str, members: str) -> str:
        """Test a set; in SQLite EXISTS is two-valued, so a CASE keeps the absent set unknown."""
        if self.dialect == "postgresql":
            return f"(CAST({members} AS JSONB) @> to_jsonb({item}))"
        members_as_rows = f"SELECT 1 FROM json_each({members}) AS member"  # noqa: S608 made of columns and parameters
        inside = f"EXISTS ({members_as_rows} WHERE member.value = {item})"
        return f"(CASE WHEN {members} IS NULL OR {item} IS NULL THEN NULL ELSE {inside} END)"

    def collation(self, node: Node) -> str:
        """Order texts by code point, as SQLite does by itself."""
        texts = any(self.is_text(arg) for arg in node.args)
        return ' COLLATE "C"' if texts and self.dialect == "postgresql" else ""

    def is_text(self, node: Node) -> bool:
        if node.op == "name":
            return self.vocabulary.type_of(str(node.value)) in (FactType.STRING, FactType.VERSION)
        return node.op == "version" or (node.op == "literal" and isinstance(node.value, str))

    def value(self, node: Node, scheme: Scheme | None) -> str:
        if node.op == "name":
            return self.column(str(node.value))
        if node.op == "size":
            return self.size(str(node.args[0].value))
        if node.op == "version" and scheme is not None:
            return self.parameter(scheme.sort_key(str(node.value)))
        return self.parameter(node.value)

    def column(self, name: str) -> str:
        column = self.columns[name]
        if self.vocabulary.type_of(name) is not FactType.VERSION:
            return column.sql
        if column.key is None:
            raise LookupError(f"{name} has no column for its sort key")
        return column.key

    def size(self, name: str) -> str:
        column = self.columns[name].sql
        if self.vocabulary.type_of(name) is FactType.STRING:
            return f"length({column})"
        if self.dialect == "postgresql":
            return f"jsonb_array_length(CAST({column} AS JSONB))"
        return f"json_array_length({column})"

    def parameter(self, value: Scalar) -> str:
        if isinstance(value, bool):
            return "TRUE" if value else "FALSE"
        name = f"c{len(self.parameters)}"
        self.parameters[name] = value
        kind = "TEXT" if isinstance(value, str) else "BIGINT" if isinstance(value, int) else "DOUBLE PRECISION"
        return f"CAST(:{name} AS {kind})"
