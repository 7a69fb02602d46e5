"""What a check says of an install's data, held against what the product declares."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import risk
from api.pointers import pointer
from installs_registry.cells import from_text
from installs_registry.fact_values import check_value
from installs_registry.types import Platform, PlatformView
from storage.outcomes import Fault


@dataclass(frozen=True, slots=True)
class Reading:
    """Facts as the rules take them, and what was wrong with what was sent."""

    facts: dict[str, risk.Value]
    faults: tuple[Fault, ...]
    #: Names that the product does not declare (any more).
    unknown: frozenset[str]

    @classmethod
    def of(cls, facts: dict[str, risk.Value]) -> Reading:
        """Return a reading with nothing wrong."""
        return cls(facts, (), frozenset())


def read_footprint(declared: Mapping[str, risk.Fact], footprint: Mapping[str, object]) -> Reading:
    """Return the facts of a footprint; null is a fact that is not known."""
    facts: dict[str, risk.Value] = {}
    faults = []
    for name, value in footprint.items():
        if value is None or name not in declared:
            continue
        try:
            facts[name] = check_value(declared[name], value)
        except ValueError as error:
            faults.append(Fault(pointer("footprint", name), str(error)))
    return Reading(facts, tuple(faults), frozenset(footprint.keys() - declared.keys()))


def read_platform(platform: Platform | PlatformView) -> Reading:
    """Return the facts of a platform; the version of an operating system is read as intdot."""
    given = {"os": platform.os, "os_version": platform.os_version, "arch": platform.arch}
    facts: dict[str, risk.Value] = {
        f"platform.{name}": value for name, value in given.items() if isinstance(value, str)
    }
    version = facts.get("platform.os_version")
    faults = () if version is None else version_faults("/platform/os_version", str(version), risk.scheme("intdot"))
    return Reading(facts, tuple(faults), frozenset())


def version_faults(at: str, text: str, scheme: risk.Scheme) -> tuple[Fault, ...]:
    """Return what is wrong with a version; one whose place nobody has declared is judged, as not known."""
    try:
        scheme.key(text)
    except risk.UnrankedVersion:
        return ()
    except risk.InvalidVersion as error:
        return (Fault(at, str(error)),)
    return ()


def typed(declared: Mapping[str, risk.Fact], texts: Mapping[str, str]) -> tuple[dict[str, object], tuple[Fault, ...]]:
    """Return a footprint that was sent as text, each value of its fact's type, and what could not be one."""
    values: dict[str, object] = {}
    faults = []
    for name, text in texts.items():
        try:
            values[name] = from_text(declared[name], text) if name in declared else text
        except ValueError as error:
            faults.append(Fault(pointer("footprint", name), str(error)))
    return values, tuple(faults)
