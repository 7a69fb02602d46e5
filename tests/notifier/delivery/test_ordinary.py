"""The quick way from a notice to its mail writes what the facts of that notice alone would make, on both databases."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from email import message_from_bytes, policy
from types import ModuleType
from typing import Any

import pytest

from notifier.channels.failures import DeliveryFailed
from notifier.delivery import judged, leases, ordinary, owed_notices, store, subjects
from notifier.delivery.claims import Claimed
from notifier.delivery.compose import Composer, Message, compose_all
from notifier.delivery.known import Known
from notifier.mails.build import Draft, Envelope, Mail, Sender, finished
from notifier.mails.dkim import Signer
from notifier.mails.dkim_keys import DkimKey, KeyKind, make_key
from notifier.mails.facts import MailFacts
from notifier.mails.heads import Moment
from notifier.mails.press import Press
from notifier.states import NoticeKind
from notifier.tokens import Links, Tokens
from storage import Tx
from tests.notifier.stage import AT_RISK, NOTES, Stage

SENDER = Sender("Notes Ltd", "warnings@notes.example")
REMEDIES = [{"kind": "wait"}, {"kind": "roll_back"}, {"kind": "upgrade_to", "version": "4.2.2"}, {"kind": "credit"}]
#: What customers are called, and what else their mails may depend on.
CUSTOMERS: dict[str, dict[str, Any]] = {
    "ada": {"name": "Ada Brown"},
    "bea": {"name": "Bea Brown", "locale": "en-US", "time_zone": "America/New_York"},
    "cem": {"name": "Zoë & Cem"},
    "dan": {"name": "Dan <b>", "time_zone": "Europe/Berlin"},
    "eve": {"name": "Brown, Eve (Ms.)", "locale": "de-DE"},
    "fay": {"name": "F" * 90},
    "gus": {"name": ".gus="},
}
#: Also what cannot be told for want of a fact, and words in which there is something to escape.
FOOTPRINTS: list[dict[str, Any]] = [AT_RISK, {"storage_format": "v1"}, {"notebooks": 7, "storage_format": "v1"}]


#: What the product declares once it asks for one thing less.
LESS = {name: fact for name, fact in NOTES["facts"].items() if name != "notebooks"}


class CountingPress(Press):
    """Counts the mails that are not made the quick way."""

    slow = 0

    def draft(self, facts: MailFacts, envelope: Envelope) -> Draft:
        self.slow += 1
        return super().draft(facts, envelope)


class Office:
    """Composes what is due, and holds each mail against what its own facts make."""

    def __init__(self, stage: Stage, signer: Signer | None = None) -> None:
        self.stage = stage
        self.press = CountingPress(signer)
        self.composer = Composer(
            SENDER, Links("https://warn.notes.example", Tokens("s" * 32)), self.press, stage.rulebook
        )

    async def composed(self, *, settled: bool = True) -> dict[NoticeKind, int]:
        """Return how many mails of each kind were the same, and let them have arrived unless they are to come again."""
        claimed = await self.stage.database.call(leases.claim, "w", self.stage.now, most=100, mail=True)
        counted = await self.stage.database.read(self._compared, claimed)
        for each in claimed:
            await self.stage.database.call(store.put_back, each, self.stage.now)
        if settled:
            await self.stage.deliver()
        return counted

    def _compared(self, tx: Tx, claimed: list[Claimed]) -> dict[NoticeKind, int]:
        counted: dict[NoticeKind, int] = {}
        for each, message in compose_all(tx, self.composer, claimed, self.stage.now):
            assert isinstance(message, Message), message
            assert isinstance(message.content, Mail)
            assert message.content.whole() == self._by_itself(tx, each, message.content)
            counted[each.kind] = counted.get(each.kind, 0) + 1
        return counted

    def _by_itself(self, tx: Tx, claimed: Claimed, mail: Mail) -> Mail:
        told = message_from_bytes(mail.content, policy=policy.default)
        envelope = Envelope(
            sender=SENDER,
            recipient=mail.recipient,
            message_id=mail.message_id,
            date=self.stage.now,
            answers=told["In-Reply-To"],
            product="notes",
        )
        facts = self.composer.facts_of(tx, claimed.notice)
        master = self.press.master(facts, SENDER, "notes")
        return finished([master.filled(facts, envelope, Moment.of(envelope))])[0].whole()


def known_of(tx: Tx, office: Office) -> Known:
    """Read what the mails of the first notice rest on."""
    notice = tx.built("SELECT id FROM notices", {})[0]["id"]
    return office.composer.known(tx, [owed_notices.owed_notice(tx, notice)])


def mails_of(tx: Tx, office: Office, claimed: list[Claimed], now: datetime) -> list[bytes]:
    """Return the whole mails of deliveries."""
    made = [message for _, message in compose_all(tx, office.composer, claimed, now)]
    return [each.content.content for each in made if isinstance(each, Message) and isinstance(each.content, Mail)]


async def settle(stage: Stage) -> None:
    """Let every customer hold an install of each footprint in one of three ways, and one more that has upgraded."""
    for place, (customer, record) in enumerate(CUSTOMERS.items()):
        await stage.customer(customer, **record)
        for number in range(1 + place % 2):
            footprint = FOOTPRINTS[(place + number) % len(FOOTPRINTS)]
            await stage.check_in(f"{customer}-{number}", customer=customer, footprint=footprint)
    for customer in ("ada", "gus"):
        await stage.customer(f"{customer}-too", **CUSTOMERS[customer])
        for version in ("4.1.0", "4.2.0"):
            await stage.check_in(f"{customer}-late", version, customer=f"{customer}-too", footprint=AT_RISK)


@pytest.mark.parametrize("end", ["resolve", "withdraw"])
async def test_every_kind_of_mail_is_what_its_own_facts_make(stage: Stage, end: str) -> None:
    office = Office(stage)
    await settle(stage)
    defect = await stage.publish(remedies=REMEDIES)
    assert await office.composed() == {NoticeKind.WARNING: 7, NoticeKind.RECOVERY: 2}
    stage.later(minutes=7, seconds=11)
    await stage.revise(defect, remedies=REMEDIES, affected=[{"introduced": "4.2.0", "fixed": "4.2.1"}])
    assert await office.composed() == {NoticeKind.CORRECTION: 9}
    stage.later(minutes=5)
    await getattr(stage, end)(defect)
    assert await office.composed() == {NoticeKind.ALL_CLEAR: 9}


async def test_ordinary_mails_take_the_quick_way_and_others_do_not(stage: Stage) -> None:
    office = Office(stage)
    for customer in ("ada", "bea"):
        await stage.customer(customer, **CUSTOMERS[customer])
        await stage.check_in(f"{customer}-mac", customer=customer, footprint=AT_RISK)
    await stage.publish()
    await office.composed()
    assert office.press.slow == 0
    await stage.holds("cem", "cem-mac")
    await stage.customer("cem", **CUSTOMERS["cem"])
    await office.composed()
    assert office.press.slow == 1


CHANGES: dict[str, tuple[Callable[[Stage, str], Awaitable[object]], str]] = {
    "renamed": (lambda stage, _: stage.declare("notes", {**NOTES, "name": "Notebooks"}), "update Notebooks yet"),
    "a fact less": (lambda stage, _: stage.declare("notes", {**NOTES, "facts": LESS}), "we do not know notebooks"),
    "released": (lambda stage, _: stage.release("4.2.2"), "4.2.2 does not have this fault"),
    "revised": (lambda stage, defect: stage.revise(defect, title="It erases them"), "It erases them."),
}


@pytest.mark.parametrize(("change", "words"), CHANGES.values(), ids=CHANGES.keys())
async def test_nothing_is_kept_of_what_has_changed(
    stage: Stage, change: Callable[[Stage, str], Awaitable[object]], words: str
) -> None:
    office = Office(stage)
    await stage.holds("ada", "ada-mac")
    defect = await stage.publish(remedies=[{"kind": "wait"}])
    await office.composed()
    await change(stage, defect)
    await stage.sweep()
    await stage.deliver()
    await stage.holds("bea", "bea-mac")
    claimed = await stage.database.call(leases.claim, "w", stage.now, most=100, mail=True)
    kept, fresh = [await stage.database.read(mails_of, each, claimed, stage.now) for each in (office, Office(stage))]
    assert kept == fresh
    [mail] = kept
    assert words.encode() in mail.replace(b"=\r\n", b"")


async def test_what_was_worked_out_serves_the_batches_that_follow(stage: Stage) -> None:
    office = Office(stage)
    await stage.holds("ada", "ada-mac")
    await stage.publish()
    first, second = [await stage.database.read(known_of, office) for _ in range(2)]
    [no] = first.subjects
    assert first.subjects[no] is second.subjects[no]
    assert list(map(id, first.judged[no].values())) == list(map(id, second.judged[no].values()))
    assert first.ways(no, office.composer.ways, office.press, SENDER) is second.ways(
        no, office.composer.ways, office.press, SENDER
    )


@pytest.mark.parametrize(
    "kept",
    [(judged, "KEPT"), (ordinary, "KEPT"), (ordinary, "TOLD"), (subjects, "KEPT"), (subjects, "EXPLAINED")],
    ids=lambda kept: f"{kept[0].__name__.rpartition('.')[2]}-{kept[1]}",
)
async def test_mails_past_the_number_kept_are_right_too(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, kept: tuple[ModuleType, str]
) -> None:
    monkeypatch.setattr(*kept, 1)
    office = Office(stage)
    await settle(stage)
    await stage.publish(remedies=REMEDIES)
    await stage.publish(id="NOTES-5", remedies=REMEDIES)
    for _ in range(2):
        assert (await office.composed(settled=False))[NoticeKind.WARNING] == 14


async def test_a_mail_that_cannot_be_signed_does_not_keep_the_others(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign = DkimKey.sign

    def fails_for_bea(key: DkimKey, data: bytes) -> bytes:
        if b"bea@example.com" in data:
            raise ZeroDivisionError
        return sign(key, data)

    monkeypatch.setattr(DkimKey, "sign", fails_for_bea)
    office = Office(stage, Signer((DkimKey("w2", "notes.example", make_key(KeyKind.ED25519)),)))
    for customer in ("ada", "bea", "dan"):
        await stage.holds(customer, f"{customer}-mac")
    await stage.publish()
    claimed = await stage.database.call(leases.claim, "w", stage.now, most=100, mail=True)
    made = await stage.database.read(compose_all, office.composer, claimed, stage.now)
    found = {each.address: message for each, message in made}
    failed = found.pop("bea@example.com")
    assert isinstance(failed, DeliveryFailed)
    assert not failed.permanent
    for message in found.values():
        assert isinstance(message, Message)
        assert isinstance(message.content, Mail)
        assert message.content.content.startswith(b"DKIM-Signature: ")


async def test_an_install_that_is_in_two_mails_of_a_batch_is_told_where_it_can_go_back_to(stage: Stage) -> None:
    office = Office(stage)
    for version in ("4.1.0", "4.2.0"):
        await stage.check_in("ada-mac", version, customer=None, footprint=AT_RISK)
    await stage.customer("ada")
    await stage.check_in("ada-mac", "4.2.0", customer="ada")
    await stage.publish(remedies=REMEDIES)
    await stage.publish(id="NOTES-5", affected=[{"introduced": "4.2.1", "fixed": "4.2.2"}], remedies=REMEDIES)
    assert await office.composed() == {NoticeKind.RECOVERY: 1, NoticeKind.WARNING: 1}
    [recovery] = await stage.notices(defect="NOTES-4411")
    facts = await stage.database.read(office.composer.facts_of, recovery.id)
    assert [line.earlier for line in facts.lines] == ["4.1.0"]
