"""A product as the registry knows it: how its versions compare, and where its facts are kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import risk


@dataclass(frozen=True, slots=True)
class KnownProduct:
    """A declared product."""

    #: Our number, used in joins.
    no: int
    #: What the vendor calls it.
    id: str
    name: str
    #: For scheme list with the releases' order as it is now.
    scheme: risk.Scheme
    #: The declared facts by name, without the retired ones.
    facts: Mapping[str, risk.Fact]
    #: The retired facts by name: clients may go on sending them, and their values are unknown everywhere.
    retired: Mapping[str, risk.Fact]
    #: The number of each fact's column, retired ones too.
    fact_numbers: Mapping[str, int]
    #: Which part of the footprint holds each fact's column, from 1; retired ones too.
    parts: Mapping[str, int]

    @property
    def vocabulary(self) -> risk.Vocabulary:
        """Return what a condition of this product may name."""
        return risk.Vocabulary(self.facts, self.scheme)
