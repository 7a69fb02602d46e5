from __future__ import annotations

from typing import Annotated, Any

import msgspec
import pytest
from msgspec import Meta

from api.json_text import decode
from storage.outcomes import Invalid


class Fact(msgspec.Struct, forbid_unknown_fields=True):
    type: str
    digits: Annotated[int, Meta(ge=1)] = 1


class Product(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    facts: dict[Annotated[str, Meta(pattern="^[a-z/~]+$")], Fact] = {}
    releases: list[Fact] = []


@pytest.mark.parametrize(
    ("body", "at"),
    [
        ({"name": 1}, "/name"),
        ({}, ""),
        ([], ""),
        ({"name": "n", "colour": 1}, "/colour"),
        ({"name": "n", "facts": {"a": {"type": "t"}, "b": {"type": 1}}}, "/facts/b/type"),
        ({"name": "n", "facts": {"a": {"type": "t"}, "b": {"type": "t", "x": 1}}}, "/facts/b/x"),
        ({"name": "n", "facts": {"a/b~c": {}}}, "/facts/a~1b~0c"),
        ({"name": "n", "facts": {"a": {"type": "t"}, "B": {"type": "t"}}}, "/facts/B"),
        ({"name": "n", "releases": [{"type": "t"}, {"type": "t", "digits": 0}]}, "/releases/1/digits"),
        ({"name": "n", "`odd` - at `$.name`": 1}, "/`odd` - at `$.name`"),
    ],
)
def test_a_fault_points_at_its_place(body: Any, at: str) -> None:
    with pytest.raises(Invalid) as refused:
        decode(msgspec.json.encode(body), Product)
    (fault,) = refused.value.faults
    assert fault.at == at
    assert fault.detail.endswith(".")
