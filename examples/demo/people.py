"""Names, languages and time zones of customers who do not exist."""

from __future__ import annotations

from importlib.resources import files
from random import Random

import msgspec
from msgspec import Struct


class Country(Struct, frozen=True, forbid_unknown_fields=True):
    """Where customers live, and what they are called there."""

    #: BCP 47.
    locale: str
    #: IANA.
    time_zone: str
    given: tuple[str, ...]
    family: tuple[str, ...]
    #: Whether the family name goes before.
    family_first: bool = False

    def name(self, chance: Random) -> str:
        """Return a full name."""
        given, family = chance.choice(self.given), chance.choice(self.family)
        return f"{family} {given}" if self.family_first else f"{given} {family}"


class _Countries(Struct, frozen=True, forbid_unknown_fields=True):
    country: tuple[Country, ...]


def countries() -> tuple[Country, ...]:
    """Return all countries that customers live in."""
    return msgspec.toml.decode(files(__package__).joinpath("people.toml").read_bytes(), type=_Countries).country
