"""YAML as a report needs it: every scalar is the text that was written, and every place has a line.

A version written 4.10 stays 4.10, `no` stays a word, a date stays as it stands; an empty value and `null` are null.
Only nodes are composed, nothing is constructed. Duplicate keys, tags, references to other places (they can grow
without bound) and great depth are refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, TypeVar

import yaml

from api.pointers import Step, pointer
from api.problems import Kind, Problem
from commands.options import checked
from storage.outcomes import Fault, Invalid

T = TypeVar("T")

#: Levels of nesting that a text may have.
DEPTH: Final = 64
_NULL: Final = frozenset({"", "~", "null", "Null", "NULL"})


@dataclass(frozen=True, slots=True)
class Document:
    """What a YAML text says."""

    value: object
    #: The line of each place, by JSON pointer, counted from 1.
    lines: Mapping[str, int]


def decode(text: bytes, wanted: type[T]) -> T:
    """Return the value of the type `wanted`; raises Problem where it is no YAML, Invalid where of another shape."""
    return checked(read(text).value, wanted)


def read(text: bytes) -> Document:
    """Return what a text says; raises Problem (400) or Invalid with every key that is there twice."""
    try:
        written = text.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Problem(Kind.MALFORMED, "The text is not UTF-8.") from None
    try:
        _refuse_wild(written)
        root = yaml.compose(written, Loader=yaml.BaseLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f" at line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise Problem(Kind.MALFORMED, f"The text is no YAML{where}: {error.problem or error.context}.") from None
    except yaml.YAMLError as error:
        raise Problem(Kind.MALFORMED, f"The text is no YAML: {' '.join(str(error).split())}.") from None
    walk = _Walk()
    value = None if root is None else walk.plain(root, ())
    if walk.faults:
        raise Invalid(*walk.faults)
    return Document(value, walk.lines)


def _refuse_wild(written: str) -> None:
    depth = 0
    for event in yaml.parse(written, Loader=yaml.BaseLoader):
        line = _line(event)
        anchor, tag = getattr(event, "anchor", None), getattr(event, "tag", None)
        if anchor is not None:
            raise Problem(Kind.MALFORMED, f"Line {line}: put in quotes what begins with & or *, here {anchor}")
        if tag is not None:
            # Else `condition: !has(x)` would be an empty text with a tag, and mean everybody.
            raise Problem(Kind.MALFORMED, f"Line {line}: put in quotes what begins with !, here {tag}")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEPTH:
            raise Problem(Kind.MALFORMED, f"Line {line}: the text is nested more than {DEPTH} levels deep.")


def _line(place: yaml.Event | yaml.Node) -> int:
    """Return the line where something begins, counted from 1."""
    return 1 if place.start_mark is None else place.start_mark.line + 1


@dataclass(slots=True)
class _Walk:
    """Turns nodes into plain values."""

    lines: dict[str, int] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    def plain(self, node: yaml.Node, steps: tuple[Step, ...]) -> object:
        self.lines.setdefault(pointer(*steps), _line(node))
        if isinstance(node, yaml.MappingNode):
            return self.mapping(node, steps)
        if isinstance(node, yaml.SequenceNode):
            return [self.plain(item, (*steps, index)) for index, item in enumerate(node.value)]
        if not isinstance(node, yaml.ScalarNode):
            raise TypeError(f"{node!r} is no node of YAML")
        return None if node.style is None and node.value in _NULL else node.value

    def mapping(self, node: yaml.MappingNode, steps: tuple[Step, ...]) -> dict[str, object]:
        members: dict[str, object] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                self.faults.append(Fault(pointer(*steps), f"Line {_line(key)}: a key is one word."))
                continue
            place = (*steps, key.value)
            if key.value in members:
                line = _line(key)
                self.faults.append(Fault(pointer(*place), f"Line {line}: the key {key.value!r} is there twice."))
            self.lines[pointer(*place)] = _line(key)
            members[key.value] = self.plain(value, place)
        return members
