"""What every incident of the story is played on: the service, the people, the fleet, the clock and the mails."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import msgspec

from api.imports import Tally
from api.keys import Role, create_key
from commands.import_options import How
from commands.imports import store
from examples.demo.asking import Asker, Unexpected
from examples.demo.catcher import Catcher
from examples.demo.claims import Claims
from examples.demo.clock import VirtualClock
from examples.demo.fleet import Fleet, Line, write_lines
from examples.demo.post import Notice
from examples.python.forewarn_client import Client
from notifier.importing import ImportKind
from notifier.sweeper import woken
from notifier.sweeping import is_swept
from storage import Database, Statements, Tx

sql = Statements(__package__)

#: Seconds after which the story stops to wait for what is under way.
_PATIENCE: Final = 60.0
#: Seconds after which it looks again without having been woken.
_LOOKS_AGAIN: Final = 0.1
#: Questions that are under way at a time.
_AT_ONCE: Final = 8


@dataclass(frozen=True, slots=True)
class People:
    """Who works at the vendor."""

    admin: Asker
    reporter: Asker
    #: Two, so that one can sign what the other has asked for.
    approvers: tuple[Asker, Asker]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """All that the incidents share."""

    database: Database
    clock: VirtualClock
    catcher: Catcher
    people: People
    fleet: Fleet
    claims: Claims
    #: Where client apps keep their state.
    folder: Path
    #: Which version each install has now, by install.
    versions: dict[str, str] = field(default_factory=dict)
    #: The customer that holds each install, where one is known.
    holders: dict[str, str] = field(default_factory=dict)

    @property
    def address(self) -> str:
        """Return where the service is: http://HOST:PORT."""
        return self.people.admin.address

    def addresses_of(self, installs: Iterable[str]) -> frozenset[str]:
        """Return the mail addresses of those who hold any of these installs."""
        holders = {self.holders[each] for each in installs if each in self.holders}
        return frozenset(self.fleet.addresses[each] for each in holders if each in self.fleet.addresses)

    async def bring_in(self, kind: ImportKind, name: str, lines: Iterable[Line]) -> int:
        """Import a file as `forewarn import` does beside the service; return how many lines it has.

        Raises Unexpected unless every line was accepted.
        """
        file = self.folder / name
        write_lines(file, lines)
        with file.open("rb") as stream:
            tally = await store(self.database, How().of(kind, name), stream, _untold, clock=self.clock)
        if tally.rejected:
            raise Unexpected(f"Importing {name}: {tally.errors[:3]}")
        return tally.accepted

    async def import_fleet(self, product: str) -> None:
        """Bring in the installs of a product from the file that a vendor would hand over."""
        lines = self.fleet.installs[product]
        await self.bring_in("installs", f"installs-{product}.ndjson", lines)
        self._remember(lines)

    async def import_installs(self, lines: Sequence[Line]) -> None:
        """Send lines of installs to the service, and remember which version they have."""
        if lines:
            await self.people.admin.bring_in("installs", b"".join(msgspec.json.encode(line) + b"\n" for line in lines))
        self._remember(lines)

    def _remember(self, lines: Iterable[Line]) -> None:
        for line in lines:
            self.versions[line["install"]] = line["version"]
            if "customer" in line:
                self.holders[line["install"]] = line["customer"]

    async def move(self, product: str, targets: Mapping[str, str]) -> None:
        """Let installs report a new version each."""
        moves = [{"install": each, "product": product, "version": target} for each, target in targets.items()]
        await self.import_installs(moves)

    async def safe_targets(self, product: str, installs: Iterable[str]) -> Mapping[str, str]:
        """Ask for each install which upgrade it should take; return those that are told one."""
        room = asyncio.Semaphore(_AT_ONCE)

        async def ask(install: str) -> tuple[str, str | None]:
            question = {"product": product, "from": self.versions[install], "install": install}
            async with room:
                target = (await self.people.admin.post("/v1/check", question)).body["safe_target"]
            return install, target["version"] if target else None

        answers = await asyncio.gather(*map(ask, installs))
        return {install: target for install, target in answers if target is not None}

    async def notices(self, defect: str) -> Sequence[Notice]:
        """Return all notices of a defect."""
        return await self.people.admin.all_of(f"/v1/notices?defect={defect}")

    async def app(self, product: str) -> Client:
        """Return a client app of a product, with the product's publishable key and an install of its own."""
        now = self.clock.now()
        key = await self.database.call(create_key, Role.APP, f"app of {product}", product=product, now=now)
        made = len(list(self.folder.glob("app-*.json")))
        return Client(self.people.admin.address, key.text, product, self.folder / f"app-{made}.json")

    async def settled(self) -> None:
        """Wait until every install is re-assessed and every mail has left; raises Unexpected after a minute."""
        watcher = self.database.watch()
        try:
            async with asyncio.timeout(_PATIENCE):
                while not await self.database.read(_is_settled):
                    await woken(watcher, _LOOKS_AGAIN)
        except TimeoutError:
            raise Unexpected(f"After {_PATIENCE:g} seconds, mails still wait.") from None


def _untold(read: int, tally: Tally) -> None:
    """Tell nobody of the progress."""


def _is_settled(tx: Tx) -> bool:
    return is_swept(tx) and not tx.value(sql.unsent_mails)
