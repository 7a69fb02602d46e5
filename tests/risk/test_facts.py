from __future__ import annotations

import pytest

from risk import Fact, FactType


@pytest.mark.parametrize(
    ("kind", "scheme"), [("version", None), ("string", "semver"), ("version", "list"), ("version", "maven")]
)
def test_a_scheme_belongs_to_version_facts_and_to_no_other(kind: str, scheme: str | None) -> None:
    with pytest.raises(ValueError, match="scheme"):
        Fact("held", FactType(kind), scheme)
