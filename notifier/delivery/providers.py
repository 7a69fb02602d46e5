"""The limits of lanes: the large providers' by our own table, and one for all others."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import Any

_TABLE = Path(__file__).with_name("providers.toml")
_DEFAULT = "default"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How a lane is driven."""

    #: Mails under way at a time, each on a connection of its own.
    connections: int
    #: Mails after which a connection is given up.
    mails_per_connection: int = 100
    #: Mails that may begin in a second; infinite: as they come.
    mails_per_second: float = inf
    #: A reply that asks us to stay away; None: none is known.
    rests_on: re.Pattern[str] | None = None
    #: Seconds for which we then do.
    rests_for: float = 0.0


@dataclass(frozen=True, slots=True)
class Provider:
    """Somebody who takes mail for many domains."""

    name: str
    exchangers: tuple[str, ...]
    domains: tuple[str, ...]
    limits: Limits

    def takes(self, domain: str, exchanger: str) -> bool:
        """Return whether a domain with this mail exchanger is the provider's."""
        return domain in self.domains or f".{exchanger}".endswith(self.exchangers)


@dataclass(frozen=True, slots=True)
class Providers:
    """All that have limits of their own."""

    known: tuple[Provider, ...]
    default: Limits

    @classmethod
    def load(cls) -> Providers:
        """Read the table."""
        table = tomllib.loads(_TABLE.read_text("utf-8"))
        default = table.pop(_DEFAULT)
        known = tuple(_provider(name, {**default, **values}) for name, values in table.items())
        return cls(known, _limits(default))

    def lane(self, domain: str, exchanger: str) -> tuple[str, Limits]:
        """Return the name and the limits of the lane for a domain with this exchanger, both in lower case."""
        for provider in self.known:
            if provider.takes(domain, exchanger):
                return provider.name, provider.limits
        return exchanger, self.default


def _provider(name: str, values: Mapping[str, Any]) -> Provider:
    exchangers, domains = tuple(values.get("exchangers", ())), tuple(values.get("domains", ()))
    return Provider(name, exchangers, domains, _limits(values))


def _limits(values: Mapping[str, Any]) -> Limits:
    return Limits(
        connections=values["connections"],
        mails_per_connection=values["mails_per_connection"],
        mails_per_second=values["mails_per_second"],
        rests_on=re.compile(values["rests_on"]) if "rests_on" in values else None,
        rests_for=values.get("rests_for", 0.0),
    )
