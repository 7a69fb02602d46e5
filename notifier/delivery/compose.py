"""From a claimed delivery to a message: what the slices know, put together for one recipient."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import msgspec
import structlog

from installs_registry.customers import Contact
from notifier import notices
from notifier.channels.failures import Cause, DeliveryFailed
from notifier.channels.webhook import Call
from notifier.delivery import owed_notices, suppressing
from notifier.delivery.claims import Claimed, LineState, OwedNotice
from notifier.delivery.fitting import fits
from notifier.delivery.known import Known
from notifier.delivery.ordinary import AllWays
from notifier.delivery.return_path import ReturnPath
from notifier.delivery.safe import Guides
from notifier.delivery.subjects import Subjects
from notifier.delivery.telling import Addressee, Case, Told, mail_facts
from notifier.mails.build import Draft, Envelope, Mail, Sender, finished, message_id
from notifier.mails.facts import MailFacts
from notifier.mails.headers import UnsafeMail
from notifier.mails.listing import head_of
from notifier.mails.press import Press
from notifier.mails.stencils import Own
from notifier.publications import Rulebook
from notifier.tokens import Links
from storage import Row, StorageError, Tx, instant


class NobodyToTell(Exception):
    """The delivery has no address, or its recipient wants no mail; the text says which."""


class Suppressed(Exception):
    """The address is left alone for a while, since its own server has refused it; the text says until when."""


class Message(msgspec.Struct, frozen=True):
    """What a channel sends, and what it was written from."""

    content: Mail | Call
    written_from: frozenset[LineState]

    @property
    def id(self) -> str:
        """What stays the same over all attempts: the Message-ID, or the call's id."""
        return self.content.message_id if isinstance(self.content, Mail) else self.content.id


class Unsigned(msgspec.Struct, frozen=True):
    """A mail that is yet to be signed, and what it was written from."""

    draft: Draft
    written_from: frozenset[LineState]


@dataclass(frozen=True, slots=True)
class Composer:
    """Writes the messages of one vendor."""

    sender: Sender
    links: Links
    press: Press
    rulebook: Rulebook
    #: None: mails come back to the sender.
    return_path: ReturnPath | None = None
    #: What the rules answer, kept over all batches.
    guides: Guides = field(default_factory=Guides)
    subjects: Subjects = field(default_factory=Subjects)
    ways: AllWays = field(default_factory=AllWays)

    def known(self, tx: Tx, owed: Sequence[OwedNotice]) -> Known:
        """Read what the messages of these notices rest on; raises NotFound."""
        numbers = {each.defect_no for each in owed}
        return Known.of(tx, {no: self.subjects.of(tx, self.rulebook, self.guides, no) for no in numbers}, owed)

    def left_alone(self, tx: Tx, claimed: Sequence[Claimed], known: Known, now: datetime) -> Mapping[str, Row]:
        """Return the addresses of these deliveries that are left alone, with the reason and the end of it."""
        mails = [each for each in claimed if each.channel == "email"]
        addresses = {address for each in mails if (address := each.address or known.contact(each).email)}
        return suppressing.suppressed(tx, addresses, now)

    def compose(self, tx: Tx, claimed: Claimed, known: Known, now: datetime) -> Message | Unsigned:
        """Return the message of a delivery; raises NobodyToTell, and UnsafeMail where it cannot be built."""
        states = frozenset([line.state for line in known.lines[claimed.notice_no]])
        if claimed.channel == "webhook":
            return Message(self._call(tx, claimed, known, now), states)
        return Unsigned(self._draft(claimed, known, now), states)

    def facts_of(self, tx: Tx, notice: str) -> MailFacts:
        """Return what a notice says to its recipient now, for its page; raises NotFound."""
        owed = owed_notices.owed_notice(tx, notice)
        return self._facts(owed, self.known(tx, [owed]))

    def _call(self, tx: Tx, claimed: Claimed, known: Known, now: datetime) -> Call:
        contact = known.contact(claimed)
        url = claimed.address or contact.webhook
        if url is None:
            raise NobodyToTell("no webhook is known")
        if not contact.wants_calls(claimed.severity):
            raise NobodyToTell("the customer has asked for no more calls of this kind")
        body = {
            "type": f"notice.{claimed.kind}",
            "timestamp": instant(now),
            "data": notices.find(tx, claimed.notice, self.links),
        }
        return Call(
            url=url,
            id=claimed.message_id or f"{claimed.notice}.webhook",
            at=now,
            secret=self.links.tokens.webhook_secret(contact.customer_id or str(claimed.recipient)),
            body=msgspec.json.encode(body),
        )

    def _draft(self, claimed: Claimed, known: Known, now: datetime) -> Draft:
        contact, told = known.contact(claimed), known.told.get(claimed.notice_no)
        envelope = Envelope(
            sender=self.sender,
            recipient=_mail_address(claimed, contact),
            message_id=claimed.message_id or message_id(claimed.notice, self.sender),
            date=now,
            answers=told["message_id"] if told else None,
            product=known.subjects[claimed.defect_no].product.id,
            returned=self.return_path.of(claimed.notice) if self.return_path else None,
        )
        ordinary = self._ordinary(claimed, known, contact, envelope)
        return ordinary or self.press.draft(self._facts(claimed, known), envelope)

    def _ordinary(self, claimed: Claimed, known: Known, contact: Contact, envelope: Envelope) -> Draft | None:
        """Return the mail where there is a quick way to it; `_facts` and the press make the same of it."""
        lines = known.lines[claimed.notice_no]
        if len(lines) != 1:
            return None
        line = lines[0]
        judged, told = known.judged[claimed.defect_no][line.install_no], _told(known, claimed, contact)
        way = known.ways(claimed.defect_no, self.ways, self.press, self.sender).way(
            claimed.kind, line.exposure, judged, told.as_said(claimed.kind) if told else None, named=bool(contact.name)
        )
        if way.stencil is None:
            return None
        own = Own(contact.name or "", head_of(line.install, judged.version), *self.links.of_mail(claimed.notice))
        return self.press.filled(way.stencil, own, way.said, envelope)

    def _facts(self, owed: OwedNotice, known: Known) -> MailFacts:
        """Return what a notice says."""
        contact, subject = known.contact(owed), known.subjects[owed.defect_no]
        concerned = [line for line in known.lines[owed.notice_no] if fits(owed.kind, line.exposure)]
        judged = [known.judged[owed.defect_no][line.install_no] for line in concerned]
        lines = [subject.line(each, line.install, line.exposure) for each, line in zip(judged, concerned, strict=True)]
        safe = subject.safe_release(owed.kind, judged)
        case = Case(owed.kind, tuple(lines), safe, _told(known, owed, contact))
        links = self.links.of_mail(owed.notice)
        addressee = Addressee(contact.name, *links, contact.locale, contact.time_zone)
        return mail_facts(subject, known.revisions.get(owed.defect_no, ()), self.sender.name, case, addressee)


def _told(known: Known, owed: OwedNotice, contact: Contact) -> Told | None:
    row = known.told.get(owed.notice_no)
    return Told.of(row, contact.locale, contact.time_zone) if row else None


def _mail_address(claimed: Claimed, contact: Contact) -> str:
    if not contact.wants_mail(claimed.severity):
        raise NobodyToTell("the customer has asked for no more mail of this kind")
    address = claimed.address or contact.email
    if address is None:
        raise NobodyToTell("no mail address is known")
    return address


def compose_all(
    tx: Tx, composer: Composer, claimed: Sequence[Claimed], now: datetime
) -> list[tuple[Claimed, Message | Exception]]:
    """Return for each delivery its message, or why there is none: NobodyToTell or DeliveryFailed."""
    return _signed_all(_written_all(tx, composer, claimed, now))


def _written_all(
    tx: Tx, composer: Composer, claimed: Sequence[Claimed], now: datetime
) -> list[tuple[Claimed, Message | Unsigned | Exception]]:
    try:
        known = composer.known(tx, claimed)
    except StorageError:
        raise
    except Exception:  # noqa: BLE001 - what cannot be read of one must not keep the others: each is read by itself
        return [(each, _written(tx, composer, each, None, now)) for each in claimed]
    resting = composer.left_alone(tx, claimed, known, now)
    if not resting:
        return [(each, _written(tx, composer, each, known, now)) for each in claimed]
    return [(each, _resting(each, known, resting) or _written(tx, composer, each, known, now)) for each in claimed]


def _resting(claimed: Claimed, known: Known, resting: Mapping[str, Row]) -> Suppressed | None:
    if claimed.channel != "email":
        return None
    row = resting.get(claimed.address or known.contact(claimed).email or "")
    return Suppressed(f"the address is left alone until {row['until']}: {row['reply']}") if row else None


def _written(
    tx: Tx, composer: Composer, claimed: Claimed, known: Known | None, now: datetime
) -> Message | Unsigned | Exception:
    try:
        return composer.compose(tx, claimed, known or composer.known(tx, [claimed]), now)
    except StorageError:
        raise
    except Exception as error:  # noqa: BLE001 - one message that cannot be written must not keep the others from leaving
        return _why_not(claimed, error)


def _why_not(claimed: Claimed, error: Exception) -> Exception:
    """Return why there is no message."""
    if isinstance(error, NobodyToTell):
        return error
    if isinstance(error, UnsafeMail):
        return DeliveryFailed(Cause.CONTENT, str(error), permanent=True)
    structlog.get_logger("forewarn.postman").error("message_not_written", notice=claimed.notice, exc_info=error)
    return DeliveryFailed(Cause.CONTENT, f"the message could not be written: {type(error).__name__}")


def _signed_all(
    written: Sequence[tuple[Claimed, Message | Unsigned | Exception]],
) -> list[tuple[Claimed, Message | Exception]]:
    """Sign the mails among the messages, all at once, as `sealed` says; where that fails, each by itself."""
    try:
        mails = iter(finished([each.draft for _, each in written if isinstance(each, Unsigned)]))
    except Exception:  # noqa: BLE001 - it is met again by the one that it is about
        return [(claimed, _signed(claimed, each)) for claimed, each in written]
    return [
        (claimed, Message(next(mails), each.written_from) if isinstance(each, Unsigned) else each)
        for claimed, each in written
    ]


def _signed(claimed: Claimed, written: Message | Unsigned | Exception) -> Message | Exception:
    if not isinstance(written, Unsigned):
        return written
    try:
        [mail] = finished([written.draft])
    except Exception as error:  # noqa: BLE001 - as in `_written`
        return _why_not(claimed, error)
    return Message(mail, written.written_from)
