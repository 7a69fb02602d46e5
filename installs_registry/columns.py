"""What the columns of an import are called, and what they stand for: a vendor's file has names of its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from types import MappingProxyType
from typing import Any, Final, Literal

from installs_registry.types import CustomerRecord, ReleaseDeclaration

Kind = Literal["releases", "customers", "installs"]

#: Columns whose name begins so are gathered in one member.
GROUPS: Final[Mapping[str, str]] = MappingProxyType({"platform": "platform", "footprint": "cells"})

#: The members of a line, by kind; `footprint.` stands for any fact.
_NAMES: Final[Mapping[Kind, tuple[str, ...]]] = MappingProxyType(
    {
        "releases": ("product", "version", *ReleaseDeclaration.__struct_fields__),
        "customers": ("customer", *CustomerRecord.__struct_fields__),
        "installs": (
            "install",
            "product",
            "version",
            "customer",
            "acquired_through",
            "platform.os",
            "platform.os_version",
            "platform.arch",
        ),
    }
)
_FACT: Final = "footprint."
#: Characters of a name from outside that an error repeats.
_SHOWN: Final = 80


@dataclass(frozen=True, slots=True)
class Columns:
    """How the names in a file become the members of a line."""

    #: The names that mean something.
    names: tuple[str, ...]
    #: Whether a column may be a fact.
    facts: bool = False
    #: What a column of the file stands for.
    renamed: Mapping[str, str] = field(default_factory=dict)
    #: What a line has that does not say it itself, as text.
    constants: Mapping[str, str] = field(default_factory=dict)
    #: Whether columns that mean nothing are passed over.
    ignores_unknown: bool = False

    @classmethod
    def of(
        cls,
        kind: Kind,
        renamed: Mapping[str, str] | None = None,
        constants: Mapping[str, str] | None = None,
        *,
        ignores_unknown: bool = False,
    ) -> Columns:
        """Return the columns of an import; raises ValueError where something is renamed or set to what there is not."""
        columns = cls(_NAMES[kind], kind == "installs", renamed or {}, constants or {}, ignores_unknown)
        wrong = [name for name in (*columns.renamed.values(), *columns.constants) if not columns.means(name)]
        if wrong:
            raise ValueError(columns.no_such(wrong))
        twice = {name for name in columns.renamed.values() if list(columns.renamed.values()).count(name) > 1}
        if twice:
            raise ValueError(f"Two columns stand for {', '.join(sorted(twice))}.")
        return columns

    @property
    def differ(self) -> bool:
        """Whether the names in the file may be others than ours."""
        return bool(self.renamed or self.constants or self.ignores_unknown)

    def means(self, name: str) -> bool:
        """Say whether a name stands for something."""
        return name in self.names or (self.facts and name.startswith(_FACT) and len(name) > len(_FACT))

    def placed(self, header: Sequence[str]) -> list[str | None]:
        """Return what each column of a file stands for, None for one that is passed over; raises ValueError."""
        missing = [name for name in self.renamed if name not in header]
        if missing:
            raise ValueError(f"There is no column {_listed(missing)}; there are {_listed(header)}.")
        targets = [self.renamed.get(name, name) for name in header]
        unknown = [name for name, target in zip(header, targets, strict=True) if not self.means(target)]
        if unknown and not self.ignores_unknown:
            raise ValueError(self.no_such(unknown))
        known = [target if self.means(target) else None for target in targets]
        twice = {target for target in known if target is not None and known.count(target) > 1}
        if twice:
            raise ValueError(f"Two columns stand for {', '.join(sorted(twice))}.")
        return known

    def no_such(self, unknown: Iterable[str]) -> str:
        """Return a sentence on names that stand for nothing, with what may have been meant."""
        return " ".join(self._guess(name) for name in unknown) + f" There are {', '.join(self._all())}."

    def _guess(self, name: str) -> str:
        close = get_close_matches(name.strip().lower(), self.names, n=1)
        meant = f"; did you mean {close[0]}?" if close else "."
        return f"Nothing is called {name[:_SHOWN]!r}{meant}"

    def _all(self) -> list[str]:
        return [*self.names, *([f"{_FACT}NAME"] if self.facts else [])]

    def of_object(self, value: dict[str, Any]) -> dict[str, Any]:
        """Return an object of NDJSON with its own names put right; raises ValueError where two come to be one."""
        if not self.differ:
            return value
        line: dict[str, Any] = {}
        for name, member in value.items():
            target = self.renamed.get(name, name)
            if target in line and not isinstance(line[target], dict):
                raise ValueError(f"Two members stand for {target}.")
            if not self.ignores_unknown or self.means(target) or target in GROUPS:
                _put(line, target, member, "footprint")
        return self.filled(line)

    def filled(self, line: dict[str, Any]) -> dict[str, Any]:
        """Return a line with the constants that it does not say itself."""
        for name, text in self.constants.items():
            group, dot, member = name.partition(".")
            if not dot:
                line.setdefault(name, text)
            elif not (_has(line.get(group), member) or _has(line.get(GROUPS[group]), member)):
                _put(line, name, text, GROUPS["footprint"])
        return line


def _has(held: object, member: str) -> bool:
    return isinstance(held, dict) and member in held


def _put(line: dict[str, Any], name: str, value: object, footprint: str) -> None:
    """Put what a column stands for in its place; values of facts go to the member `footprint`."""
    group, dot, member = name.partition(".")
    if not dot:
        held = line.get(name)
        line[name] = {**held, **value} if isinstance(held, dict) and isinstance(value, dict) else value
        return
    place = footprint if group == "footprint" else group
    held = line.setdefault(place, {})
    if isinstance(held, dict):
        line[place] = {**held, member: value}


def _listed(names: Iterable[str]) -> str:
    return ", ".join(repr(name[:_SHOWN]) for name in names)
