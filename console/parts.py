"""What the pages are put together from; `composition.py` hands it over."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from aiohttp import web

from console.mail_box import MailBox
from notifier.audience import Memory
from notifier.mails.facts import MailFacts
from notifier.tokens import Links
from storage import Clock, Database, Tx


class Holder(Protocol):
    """Somebody with a key."""

    @property
    def person(self) -> str:
        """Return the person's name."""
        ...

    @property
    def role(self) -> str:
        """Return what the key may do, as the contract calls it."""
        ...


class Keyring(Protocol):
    """The keys in force."""

    def current(self, tx: Tx, key_hash: str) -> Holder | None:
        """Return who holds the key with this hash as it stands in this transaction; None: it is not in force."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What the pages need."""

    database: Database
    clock: Clock
    keys: Keyring
    #: Returns the hash by which `keys` knows the text of a key.
    hash_of: Callable[[str], str]
    #: The vendor as its customers know it.
    vendor: str
    #: The addresses in mails; the pages behind them are ours.
    links: Links
    #: Returns what the notice with this id says to its recipient now; raises NotFound.
    facts_of: Callable[[Tx, str], MailFacts]
    #: None: mails go to their recipients, and nobody else sees them.
    mail_box: MailBox | None = None
    #: Counts of an audience below this are kept back from a role that may not file.
    small_audience: int = 5
    #: What audiences are counted in; None: the database alone.
    memory: Memory | None = None


PARTS: Final = web.AppKey("console_parts", Parts)
