"""`forewarn check`: may this install be upgraded, and to what."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated

from cyclopts import Parameter

import risk
from api.check_facts import read_footprint, read_platform, typed, version_faults
from api.verdict_view import view_of
from commands.options import ANYWHERE, Json, Where, checked
from commands.printing import print_json, print_line
from installs_registry import products
from installs_registry.types import Platform
from notifier.publications import load_index
from storage import Tx
from storage.outcomes import Fault, Invalid, NotFound

#: The exit codes of `--gate`, for scripts that upgrade with &&.
GATE = {risk.Decision.PROCEED: 0, risk.Decision.CAUTION: 3, risk.Decision.HOLD: 4}

Texts = Mapping[str, str]


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The upgrade that is asked about, as the command line has it."""

    from_version: Annotated[str, Parameter(name="--from")] = field(metadata={"help": "The version that is installed."})
    to_version: Annotated[str | None, Parameter(name="--to")] = field(
        default=None, metadata={"help": "The version to install; left out: which should I take?"}
    )
    footprint: dict[str, str] = field(
        default_factory=dict, metadata={"help": "What is known of the data: --footprint.notebooks 12"}
    )
    platform: dict[str, str] = field(
        default_factory=dict, metadata={"help": "Where it runs: --platform.os, .os_version and .arch"}
    )
    explain: Annotated[bool, Parameter(negative="")] = field(
        default=False, metadata={"help": "Tell of each defect why it counts or not."}
    )


def check(
    product: Annotated[str, Parameter(help="The product's id.")],
    /,
    *,
    asked: Asked,
    gate: Annotated[
        bool, Parameter(negative="", help="Exit with 0 for proceed, 3 for caution and 4 for hold.")
    ] = False,
    json: Json = False,
    where: Where = ANYWHERE,
) -> int:
    """Ask before an upgrade: proceed, caution or hold, and why."""
    verdict = where.read(_judge, product, asked)
    if json:
        print_json(view_of(verdict))
    else:
        for line in _lines(verdict):
            print_line(line)
    return GATE[verdict.decision] if gate else 0


def _judge(tx: Tx, product: str, asked: Asked) -> risk.Verdict:
    index = load_index(tx, products.find(tx, product).no)
    if index is None:
        raise NotFound(f"There is no product {product!r}.")
    facts = _facts(index, asked)
    return index.judge(risk.Question(asked.from_version, asked.to_version, facts=facts, explain=asked.explain))


def _facts(index: risk.ProductIndex, asked: Asked) -> dict[str, risk.Value]:
    """Return what is known of the asker; raises Invalid with everything that is wrong in the question."""
    values, untyped = typed(index.product.facts, asked.footprint)
    read, host = read_footprint(index.product.facts, values), read_platform(checked(asked.platform, Platform))
    unknown = [
        Fault(f"/footprint/{name}", f"{name!r} is not a fact of {index.product.id}.") for name in sorted(read.unknown)
    ]
    faults = [*_version_faults(index, asked), *untyped, *read.faults, *unknown, *host.faults]
    if faults:
        raise Invalid(*faults)
    return {**read.facts, **host.facts}


def _version_faults(index: risk.ProductIndex, asked: Asked) -> list[Fault]:
    versions = {"/from": asked.from_version, "/to": asked.to_version}
    return [
        fault
        for at, version in versions.items()
        if version is not None
        for fault in version_faults(at, version, index.product.scheme)
    ]


def _lines(verdict: risk.Verdict) -> Iterator[str]:
    """Yield what a person reads: the decision, the reasons, the safe way."""
    upgrade = f"{verdict.from_version} → {verdict.to_version or 'nothing newer'}"
    yield f"{verdict.decision.upper()}: {verdict.product} {upgrade}"
    for finding in verdict.findings:
        defect, exposure = finding.defect, finding.exposure.replace("_", " ")
        yield f"  {defect.id}, {defect.severity}, {exposure}: {defect.title}"
        yield from (f"    because {reason}" for reason in finding.because)
        if finding.missing:
            yield f"    not known: {', '.join(finding.missing)}"
    if verdict.safe_target is not None:
        yield f"safe: {' → '.join(verdict.safe_target.path)}"
    for each in verdict.considered or ():
        yield f"  {'counts' if each.counts else 'does not count'}: {each.defect}, {each.why}"
