"""The operators between two values."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from .facts import Facts

#: Match, miss, or unknown.
Truth = bool | None
Test = Callable[[Facts], Truth]

#: What each computes.
COMPARE: Final[Mapping[str, Callable[[Any, Any], bool]]] = MappingProxyType(
    {
        "==": operator.eq,
        "!=": operator.ne,
        "<": operator.lt,
        "<=": operator.le,
        ">": operator.gt,
        ">=": operator.ge,
        "in": lambda item, members: item in members,
        "startsWith": str.startswith,
        "endsWith": str.endswith,
        "contains": operator.contains,
    }
)
#: The same for a fact, by its name, and a constant, which is the usual case; spares the calls.
BESIDE_CONSTANTS: Final[Mapping[str, Callable[[str, Any], Test]]] = MappingProxyType(
    {
        "==": lambda name, than: lambda facts: None if (value := facts.get(name)) is None else value == than,
        "!=": lambda name, than: lambda facts: None if (value := facts.get(name)) is None else value != than,
        "<": lambda name, than: lambda facts: None if (value := facts.get(name)) is None else value < than,
        "<=": lambda name, than: lambda facts: None if (value := facts.get(name)) is None else value <= than,
        ">": lambda name, than: lambda facts: None if (value := facts.get(name)) is None else value > than,
        ">=": lambda name, than: lambda facts: None if (value := facts.get(name)) is None else value >= than,
        "in": lambda name, than: lambda facts: None if (value := facts.get(name)) is None else value in than,
    }
)
