"""Small makers of the things that the rules work on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from feeds.conditions import parse_condition
from risk import (
    Defect,
    Fact,
    FactType,
    Product,
    ProductIndex,
    Question,
    Range,
    Release,
    Remedy,
    Severity,
    Shown,
    Value,
    Verdict,
    Vocabulary,
    scheme,
    tree_to_json,
)

FACTS: Final[Mapping[str, Fact]] = {
    fact.name: fact
    for fact in (
        Fact("notebooks", FactType.INTEGER),
        Fact("disk", FactType.NUMBER),
        Fact("sync", FactType.BOOLEAN),
        Fact("storage_format", FactType.STRING),
        Fact("plugins", FactType.STRINGS),
        Fact("engine", FactType.VERSION, "semver"),
    )
}


def a_vocabulary(version_scheme: str = "intdot") -> Vocabulary:
    return Vocabulary(FACTS, scheme(version_scheme))


def a_range(text: str) -> Range:
    """`4.2..4.3` (fixed), `4.2..=4.3` (last affected), `4.2..` (not fixed) or `4.2,4.3` (enumerated)."""
    introduced, dots, end = text.partition("..")
    if not dots:
        return Range(versions=tuple(text.split(",")))
    if end.startswith("="):
        return Range(introduced, last_affected=end[1:])
    return Range(introduced, fixed=end or None)


def ranges(text: str) -> tuple[Range, ...]:
    return tuple(a_range(part) for part in text.split())


def a_release(text: str) -> Release:
    """`4.2` is offered, `-4.2` withdrawn, `?4.2` held."""
    status: Literal["offered", "held", "withdrawn"] = "offered"
    if text.startswith("-"):
        status = "withdrawn"
    elif text.startswith("?"):
        status = "held"
    return Release(text.lstrip("-?"), status)


def a_product(releases: str = "4.1 4.2 4.3", version_scheme: str = "intdot") -> Product:
    shelf = tuple(a_release(text) for text in releases.split())
    order = [release.version for release in shelf] if version_scheme == "list" else []
    return Product("notes", scheme(version_scheme, order), FACTS, shelf)


def a_condition(text: str) -> object:
    return tree_to_json(parse_condition(text, a_vocabulary()))


def a_defect(
    affected: str = "4.2..4.3",
    condition: str = "",
    *,
    name: str = "N-1",
    severity: str = "data-loss",
    upgrading_from: str = "",
    remedies: str = "",
    resolved: bool = False,
) -> Defect:
    return Defect(
        id=name,
        revision=1,
        title=f"What {name} does",
        severity=Severity(severity),
        affected=ranges(affected),
        upgrading_from=ranges(upgrading_from),
        condition=a_condition(condition) if condition else None,
        remedies=tuple(Remedy(kind) for kind in remedies.split()),
        resolved=resolved,
    )


def an_index(*defects: Defect, product: Product | None = None) -> ProductIndex:
    return ProductIndex.compile(product or a_product(), defects, 1042)


def check(index: ProductIndex, upgrade: str, accept: str = "", *, explain: bool = False, **facts: Value) -> Verdict:
    """`check(index, "4.1>4.2", notebooks=12)`; `"4.1>"` asks which upgrade to take."""
    start, _, target = upgrade.partition(">")
    question = Question(start, target or None, facts, frozenset(accept.split()), explain)
    return index.judge(question)


def told(verdict: Verdict) -> tuple[object, ...]:
    """Return what a verdict says; two indexes hold rules of their own, so that their findings are never equal."""
    findings = [(each.defect, each.exposure, each.because, each.missing) for each in verdict.findings]
    return verdict._replace(concerns=(), shown=Shown({})), findings
