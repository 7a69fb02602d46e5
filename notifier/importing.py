"""Imports: releases, customers and installs by the thousand, taken as if one line after another."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final, Literal, TypeVar

import msgspec

from installs_registry import customers, products, releases
from installs_registry.addresses import Network
from installs_registry.types import CustomerLine, CustomerRecord, InstallLine, ReleaseLine
from notifier.publications import Rulebook
from notifier.registering import VENDOR, Reported, Taken, put_customer, take
from notifier.releasing import put_release
from storage import Clock, Tx
from storage.outcomes import NotFound, Refusal

T = TypeVar("T")

#: What a line may say of a customer.
_RECORD: Final = CustomerRecord.__struct_fields__

ImportKind = Literal["releases", "customers", "installs"]


class Effect(StrEnum):
    """What a line has done."""

    #: What it tells of was not known.
    NEW = "new"
    CHANGED = "changed"
    #: All it tells was known.
    UNCHANGED = "unchanged"


class Stored(msgspec.Struct, frozen=True):
    """A line that was stored."""

    effect: Effect
    #: Whether its install is at risk of a defect, or cannot be told to be safe, and was not before.
    newly_at_risk: bool = False


#: What became of a line: what it has done, or why it was refused.
Outcome = Stored | Refusal | msgspec.ValidationError


@dataclass(frozen=True, slots=True)
class Intake:
    """What every line of an import is taken with."""

    rulebook: Rulebook
    clock: Clock
    #: The networks of its own that the vendor has opened to webhooks.
    allowed: Sequence[Network] = ()


def import_lines(tx: Tx, kind: ImportKind, values: Sequence[Any], intake: Intake) -> list[Outcome]:
    """Take lines of an import, each stored or refused by itself; what became of each, in their order.

    A line is an object as it was read, or what `SHAPES` has for its kind.
    """
    lines = [_line(value, SHAPES[kind]) for value in values]
    return _IMPORTS[kind](tx, lines, intake)


def _line(value: object, shape: type[T]) -> T | msgspec.ValidationError:
    if isinstance(value, shape):
        return value
    try:
        return msgspec.convert(value, shape)
    except msgspec.ValidationError as error:
        return error


def _import_releases(tx: Tx, lines: Sequence[Any], intake: Intake) -> list[Outcome]:
    return [_alone(tx, _import_release, line, intake) for line in lines]


def _import_customers(tx: Tx, lines: Sequence[Any], intake: Intake) -> list[Outcome]:
    return [_alone(tx, _import_customer, line, intake) for line in lines]


def _alone(tx: Tx, store: Callable[[Tx, Any, Intake], Effect], line: object, intake: Intake) -> Outcome:
    """Store one line; where it is refused, nothing of it is stored."""
    if isinstance(line, msgspec.ValidationError):
        return line
    try:
        with tx.savepoint():
            return Stored(store(tx, line, intake))
    except Refusal as refusal:
        return refusal


def _import_release(tx: Tx, line: ReleaseLine, intake: Intake) -> Effect:
    try:
        before = releases.view(tx, products.named(tx, line.product), line.version)
    except NotFound:
        before = None
    return _effect(before, put_release(tx, line.product, line.version, line, intake.clock.now()))


def _import_customer(tx: Tx, line: CustomerLine, intake: Intake) -> Effect:
    try:
        before = customers.view(tx, line.customer)
    except NotFound:
        before = None
    if before is not None and all(getattr(before, field) == getattr(line, field) for field in _RECORD):
        return Effect.UNCHANGED
    return _effect(before, put_customer(tx, line.customer, line, intake.clock.now(), allowed=intake.allowed))


def _effect(before: object, after: object) -> Effect:
    if before is None:
        return Effect.NEW
    return Effect.UNCHANGED if before == after else Effect.CHANGED


def _import_installs(tx: Tx, lines: Sequence[Any], intake: Intake) -> list[Outcome]:
    reported = [Reported(line.install, line, VENDOR) for line in lines if isinstance(line, InstallLine)]
    taken = iter(take(tx, reported, intake.rulebook, intake.clock.now()))
    return [_install_effect(next(taken)) if isinstance(line, InstallLine) else line for line in lines]


def _install_effect(taken: Taken | Refusal) -> Outcome:
    if isinstance(taken, Refusal):
        return taken
    if taken.checked.before is None:
        return Stored(Effect.NEW, taken.newly_at_risk)
    return Stored(Effect.CHANGED if taken.checked.changed else Effect.UNCHANGED, taken.newly_at_risk)


#: What a line of each kind is.
SHAPES: Final[Mapping[ImportKind, type[Any]]] = MappingProxyType(
    {"releases": ReleaseLine, "customers": CustomerLine, "installs": InstallLine}
)

_IMPORTS: Final[Mapping[ImportKind, Callable[[Tx, Sequence[Any], Intake], list[Outcome]]]] = MappingProxyType(
    {"releases": _import_releases, "customers": _import_customers, "installs": _import_installs}
)
