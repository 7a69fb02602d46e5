"""One incident, scene by scene, played against the service."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial
from random import Random
from typing import Any, Final

import msgspec

from console.mail_box import CaughtMail
from examples.demo.post import Letter, letters, recipients
from examples.demo.records import Incident, ReleaseRecord
from examples.demo.results import Counts, Result
from examples.demo.stage import Stage
from examples.python.forewarn_client import Advice, Client
from feeds.types import DefectReport

_TOLD: Final = ("warning", "recovery")
_EXPOSURES: Final = ("at_risk", "cannot_tell", "already_upgraded")
#: The share of those told who take the safe release as soon as they hear of it.
_TAKE_THE_FIX: Final = 0.7


class Play:
    """An incident on its stage; the scenes are called in the order of the timeline."""

    def __init__(self, stage: Stage, incident: Incident) -> None:
        self.stage = stage
        self.incident = incident
        self.defect = str(incident.report.id)
        self.product = incident.report.product
        self.results: list[Result] = []
        #: All mails of the defect so far.
        self.letters: tuple[Letter, ...] = ()
        #: Installs that upgraded after they had been warned.
        self.bold: frozenset[str] = frozenset()
        self._app: Client | None = None

    @property
    def app(self) -> Client:
        """Return the client app; raises LookupError before the incident begins."""
        if self._app is None:
            raise LookupError(f"{self.incident.key} has not begun")
        return self._app

    async def begin(self) -> None:
        """Bring in what the vendor ships and who has it; a client app checks in."""
        incident, stage = self.incident, self.stage
        if incident.product is not None:
            declaration = msgspec.to_builtins(incident.product.declaration)
            await stage.people.admin.put(f"/v1/products/{self.product}", declaration)
        for release in incident.releases:
            if release.offered_at <= stage.clock.now():
                await self.offer(release)
        if incident.product is not None:
            await stage.import_fleet(self.product)
        self._app = await stage.app(self.product)
        await self.app_checks_in(incident.app.version)
        self.must("before anybody knows, the app is told to proceed", (await self.app_asks()).action == "proceed")

    async def offer(self, release: ReleaseRecord) -> None:
        """Put a release on offer."""
        body = {"offered_at": release.offered_at.isoformat()}
        await self.stage.people.admin.put(f"/v1/products/{self.product}/releases/{release.version}", body)

    async def offer_later(self, release: ReleaseRecord) -> None:
        """Put a release on offer, and say so."""
        await self.offer(release)
        self.tell(f"{release.version} is on offer")
        await self.stage.settled()

    async def file(self) -> None:
        """QA files the defect; the preview counts whom it would concern."""
        reporter = self.stage.people.reporter
        await reporter.post("/v1/defects", _body(self.incident.report))
        self.tell(f"{reporter.person} files {self.defect}: {self.incident.report.title}")

    async def publish(self) -> None:
        """One approver publishes; those concerned are told, and nobody else."""
        preview = await self._audience()
        self.tell(f"the preview counts {_in_words(preview)}")
        await self._publish(preview, self.incident.name)
        advice = await self.app_asks()
        self.must("the app is told to hold", advice.action == "hold")
        self.must("the app is told why", self.defect in _holding(advice))
        self.tell(f"an app asks {self.incident.app.version} → {self.incident.app.to}: {advice.action}")
        shown = await self.app_checks_in(self.incident.app.version)
        self.must("the app shows the warning", self.defect in {notice["defect"] for notice in shown})

    async def revise(self) -> None:
        """QA proposes a revision; the live one stands until an approver publishes it."""
        revision = self.incident.revision
        if revision is None:
            raise LookupError(f"{self.incident.key} has no revision")
        reporter = self.stage.people.reporter
        await reporter.put(f"/v1/defects/{self.defect}", _body(revision.report))
        self.tell(f"{reporter.person} proposes a revision: {revision.report.title}")

    async def publish_revision(self) -> None:
        """Publish the wider revision: those who had been told nothing hear of it now."""
        before = recipients(self.letters, *_TOLD)
        preview = await self._audience()
        self.tell(f"the preview counts {_in_words(preview)}")
        await self._publish(preview, f"{self.incident.name}, widened")
        fresh = recipients(self.letters, *_TOLD) - before
        self.must("people who had been told nothing are told now", bool(fresh))
        self.tell(f"{len(fresh)} customers who had been told nothing are told now")

    async def react(self) -> None:
        """Let some of those warned upgrade all the same; the others hold back."""
        warned = sorted({each for letter in self.letters if letter.kind == "warning" for each in letter.installs})
        held = [each for each in warned if each in self.stage.versions]
        chance = Random(self.incident.key)  # noqa: S311 - nothing secret: the same in each run
        bold = chance.sample(held, round(len(held) * self.incident.upgrade_anyway))
        self.bold = frozenset(bold)
        await self.stage.move(self.product, dict.fromkeys(bold, self.incident.tempting))
        await self.stage.settled()
        await self._read_mails()
        self.tell(f"{len(bold)} of {len(held)} installs warned by mail upgrade all the same; the others hold back")

    async def resolve(self) -> None:
        """Two people sign that it is fixed; exactly those who were told hear of it."""
        end = self.incident.end
        if end is None:
            raise LookupError(f"{self.incident.key} has no end")
        first, second = self.stage.people.approvers
        told, path, body = (
            recipients(self.letters, *_TOLD),
            f"/v1/defects/{self.defect}/resolve",
            {"fixed_in": end.fixed_in},
        )
        waiting = await first.post(path, body)
        self.must("one signature resolves nothing", waiting.status == 202 and waiting.body["state"] == "published")  # noqa: PLR2004 - HTTP
        done = await second.post(path, body)
        self.must("the second signature resolves it", done.status == 200 and done.body["state"] == "resolved")  # noqa: PLR2004 - HTTP
        await self.stage.settled()
        await self._read_mails()
        cleared = [letter for letter in self.letters if letter.kind == "all_clear"]
        self.must("exactly those who were told hear the all-clear", recipients(cleared) == told)
        self.must("each hears it once", len(cleared) == len(told))
        self.must("each all-clear is in the thread of its warning", self._are_in_their_threads(cleared))
        self.tell(f"{first.person} and {second.person} sign: fixed in {end.fixed_in}; {len(cleared)} all-clears")

    async def take_the_fix(self) -> None:
        """Most of those told ask what is safe, and take it."""
        told = sorted({each for letter in self.letters for each in letter.installs if each in self.stage.versions})
        chance = Random(f"{self.incident.key} fixed")  # noqa: S311 - nothing secret: the same in each run
        asking = chance.sample(told, round(len(told) * _TAKE_THE_FIX))
        targets = await self.stage.safe_targets(self.product, asking)
        await self.stage.move(self.product, targets)
        await self.stage.settled()
        taken = sorted(set(targets.values()))
        where = f"{len(targets)} are sent to {' or '.join(taken)}" if taken else "none is told a safe one yet"
        self.tell(f"{len(asking)} installs ask what is safe: {where}")

    async def close(self) -> None:
        """Read the ledger, for the table."""
        await self._read_mails()
        last = self.results[-1]
        last.ledger = await self.stage.people.admin.get(f"/v1/defects/{self.defect}/ledger")
        if self.incident.end is None:
            self.tell("no fix was ever announced, so the defect stays open and its warning stands")
        last.end = f"fixed in {self.incident.end.fixed_in}" if self.incident.end else "no fix known"

    async def app_asks(self, to: str | None = None, *, accept: Sequence[str] = ()) -> Advice:
        """Ask before an upgrade as the client app does."""
        record = self.incident.app
        ask = partial(
            self.app.before_upgrade, record.version, to or record.to, footprint=record.footprint, accept=accept
        )
        return await asyncio.to_thread(ask)

    async def app_checks_in(self, version: str) -> Sequence[dict[str, Any]]:
        """Check in as the client app does; return the notices that it shows."""
        record = self.incident.app
        report = partial(self.app.check_in, version, footprint=record.footprint, platform={"os": record.os})
        return [dict(notice) for notice in await asyncio.to_thread(report)]

    async def _publish(self, preview: Counts, name: str) -> None:
        """Publish what is proposed, and hold what was caught against the preview."""
        approver, mark = self.stage.people.approvers[0], len(self.stage.catcher.mails())
        await approver.post(f"/v1/defects/{self.defect}/publish")
        await self.stage.settled()
        result = Result(name, preview)
        self.results.append(result)
        await self._read_mails()
        fresh = self.stage.catcher.since(mark)
        self.must("publishing exposes whom the preview counted", _same(preview, await self._audience()))
        self._check_mails(preview, fresh)
        result.until_told = max(mail.caught_at for mail in fresh) - self.incident.filed.at
        self.tell(f"{approver.person} publishes; {len(fresh)} mails are caught")

    def _check_mails(self, preview: Counts, fresh: Sequence[CaughtMail]) -> None:
        told = [letter for letter in self.letters if letter.kind in _TOLD]
        ours = {letter.mail.number for letter in self.letters}
        self.must("no mail is about anything else", all(mail.number in ours for mail in fresh))
        self.must("everybody who can be reached is told", len(recipients(told)) == preview["reachable"]["email"])
        self.must("nobody is told twice", len({(each.mail.recipient, each.kind) for each in told}) == len(told))
        self.must(
            "each mail goes to whom its installs belong",
            all({each.mail.recipient} == self.stage.addresses_of(each.installs) for each in told),
        )

    def _are_in_their_threads(self, cleared: Sequence[Letter]) -> bool:
        threads = {(letter.mail.recipient, letter.message_id) for letter in self.letters if letter.kind in _TOLD}
        return all((letter.mail.recipient, letter.answers) in threads for letter in cleared)

    async def _audience(self) -> Counts:
        audience: Counts = await self.stage.people.reporter.get(f"/v1/defects/{self.defect}/audience")
        return audience

    async def _read_mails(self) -> None:
        self.letters = letters(self.stage.catcher.mails(), await self.stage.notices(self.defect))
        self._count_mails()

    def _count_mails(self) -> None:
        """Give each publication the mails that came after it and before the next."""
        earlier = [result.mails for result in self.results[:-1]]
        counted: dict[str, int] = {}
        for letter in self.letters:
            counted[letter.kind] = counted.get(letter.kind, 0) + 1
        self.results[-1].mails = {
            kind: count - sum(mails.get(kind, 0) for mails in earlier) for kind, count in counted.items()
        }

    async def installs(self, exposure: str) -> int:
        """Return how many installs stand so to the defect now."""
        return int((await self._audience())[exposure]["installs"])

    def tell(self, what: str) -> None:
        """Say what happens."""
        self.stage.claims.tell(self.incident.name, what)

    def must(self, claim: str, holds: bool) -> None:  # noqa: FBT001 - a claim and whether it holds
        """Check a claim."""
        self.stage.claims.must(self.incident.name, claim, holds=holds)


def _body(report: DefectReport) -> dict[str, Any]:
    body: dict[str, Any] = msgspec.to_builtins(report)
    return body


def _same(before: Counts, after: Counts) -> bool:
    return all(before[exposure] == after[exposure] for exposure in _EXPOSURES)


def _in_words(audience: Counts) -> str:
    at_risk, unsure, upgraded = (audience[exposure]["installs"] for exposure in _EXPOSURES)
    spared = audience["not_at_risk"]["installs"]
    return f"{at_risk} installs at risk, {unsure} unknown, {upgraded} already upgraded; {spared} are not concerned"


def _holding(advice: Advice) -> frozenset[str]:
    findings = advice.verdict["findings"] if advice.verdict else ()
    return frozenset(finding["defect"] for finding in findings)
