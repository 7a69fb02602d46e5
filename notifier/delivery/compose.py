"""From a claimed delivery to a message: what the slices know, put together for one recipient."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec
import structlog

from feeds.defects import Revision
from installs_registry.customers import Contact
from notifier import notices
from notifier.channels.failures import Cause, DeliveryFailed
from notifier.channels.webhook import Call
from notifier.delivery import store, suppressing
from notifier.delivery.claims import Claimed, LineState, OwedNotice
from notifier.delivery.describing import affected_words, changes
from notifier.delivery.fitting import fits, options
from notifier.delivery.known import About, Known
from notifier.delivery.return_path import ReturnPath
from notifier.delivery.safe import Guides
from notifier.delivery.subjects import Subject
from notifier.mails.build import Envelope, Mail, Sender, message_id
from notifier.mails.facts import Line, MailFacts
from notifier.mails.headers import UnsafeMail
from notifier.mails.press import Press
from notifier.publications import Rulebook
from notifier.states import NoticeKind
from notifier.tokens import Links
from storage import Row, StorageError, Tx, instant, parse_instant


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

    def known(self, tx: Tx, owed: Sequence[OwedNotice]) -> Known:
        """Read what the messages of these notices rest on; raises NotFound."""
        return Known.of(tx, self.rulebook, self.guides, owed)

    def left_alone(self, tx: Tx, claimed: Sequence[Claimed], known: Known, now: datetime) -> Mapping[str, Row]:
        """Return the addresses of these deliveries that are left alone, with the reason and the end of it."""
        mails = [each for each in claimed if each.channel == "email"]
        addresses = {address for each in mails if (address := each.address or known.contact(each).email)}
        return suppressing.suppressed(tx, addresses, now)

    def compose(self, tx: Tx, claimed: Claimed, known: Known, now: datetime) -> Message:
        """Return the message of a delivery; raises NobodyToTell, and UnsafeMail where it cannot be built."""
        lines = known.lines[claimed.notice_no]
        write = self._call if claimed.channel == "webhook" else self._mail
        return Message(write(tx, claimed, known, now), frozenset([line.state for line in lines]))

    def facts_of(self, tx: Tx, notice: str) -> MailFacts:
        """Return what a notice says to its recipient now, for its page; raises NotFound."""
        owed = store.owed_notice(tx, notice)
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

    def _mail(self, _: Tx, claimed: Claimed, known: Known, now: datetime) -> Mail:
        told = known.told.get(claimed.notice_no)
        envelope = Envelope(
            sender=self.sender,
            recipient=_mail_address(claimed, known.contact(claimed)),
            message_id=claimed.message_id or message_id(claimed.notice, self.sender),
            date=now,
            answers=told["message_id"] if told else None,
            product=known.subjects[claimed.defect_no].product.id,
            returned=self.return_path.of(claimed.notice) if self.return_path else None,
        )
        return self.press.mail(self._facts(claimed, known), envelope)

    def _facts(self, owed: OwedNotice, known: Known) -> MailFacts:
        contact, subject = known.contact(owed), known.subjects[owed.defect_no]
        told = known.told.get(owed.notice_no)
        concerned = [line for line in known.lines[owed.notice_no] if fits(owed.kind, line.exposure)]
        states = [known.states[line.install_no] for line in concerned]
        lines = tuple([subject.line(*each) for each in zip(states, concerned, strict=True)])
        about, clears = _about(known, owed, lines), owed.kind is NoticeKind.ALL_CLEAR
        corrects = owed.kind is NoticeKind.CORRECTION
        return MailFacts(
            kind=owed.kind,
            customer=contact.name,
            lines=lines,
            safe_version=subject.safe_fix(states) if clears else subject.safe_version(states),
            changes=_changes(known.revisions[owed.defect_no], subject, told) if corrects else (),
            outcome=subject.outcome if clears else None,
            told_at=_told_at(told),
            url=self.links.notice(owed.notice),
            unsubscribe_url=self.links.unsubscribe(owed.notice),
            locale=contact.locale,
            time_zone=contact.time_zone,
            **about.facts,
            vendor=self.sender.name,
        )


def _about(known: Known, owed: OwedNotice, lines: Sequence[Line]) -> About:
    """Return what follows from the defect, worked out once for all whose installs stand to it alike."""
    key = (owed.defect_no, owed.kind, *[(line.exposure, line.earlier is None) for line in lines])
    about = known.abouts.get(key)
    if about is None:
        facts = of_defect(known.subjects[owed.defect_no], owed.kind, lines)
        about = known.abouts[key] = About(facts)
    return about


def of_defect(subject: Subject, kind: NoticeKind, lines: Sequence[Line]) -> Mapping[str, Any]:
    """Return the facts that follow from the defect and from how the installs stand to it."""
    report = subject.defect.report
    goes_back = any(line.earlier for line in lines)
    return {
        "product": subject.product.name,
        "defect": subject.defect.id,
        "title": report.title,
        "summary": report.summary,
        "severity": report.severity,
        "affected": affected_words(report.affected),
        "target": subject.target,
        "options": options(kind, report.remedies, [line.exposure for line in lines], goes_back=goes_back),
        "fixed_in": subject.defect.fixed_in,
        "reason": subject.defect.reason,
    }


def _mail_address(claimed: Claimed, contact: Contact) -> str:
    if not contact.wants_mail(claimed.severity):
        raise NobodyToTell("the customer has asked for no more mail of this kind")
    address = claimed.address or contact.email
    if address is None:
        raise NobodyToTell("no mail address is known")
    return address


def _changes(revisions: Sequence[Revision], subject: Subject, told: Row | None) -> tuple[str, ...]:
    live = subject.defect.report
    before = next((each.report for each in revisions if told and each.number == told["revision"]), live)
    return changes(before, live)


def _told_at(told: Row | None) -> datetime | None:
    at = (told["sent_at"] or told["handed_over_at"]) if told else None
    return parse_instant(at) if at else None


def compose_all(
    tx: Tx, composer: Composer, claimed: Sequence[Claimed], now: datetime
) -> list[tuple[Claimed, Message | Exception]]:
    """Return for each delivery its message, or why there is none: NobodyToTell or DeliveryFailed."""
    try:
        known = composer.known(tx, claimed)
    except StorageError:
        raise
    except Exception:  # noqa: BLE001 - what cannot be read of one must not keep the others: each is read by itself
        return [(each, _composed(tx, composer, each, None, now)) for each in claimed]
    resting = composer.left_alone(tx, claimed, known, now)
    return [(each, _resting(each, known, resting) or _composed(tx, composer, each, known, now)) for each in claimed]


def _resting(claimed: Claimed, known: Known, resting: Mapping[str, Row]) -> Suppressed | None:
    row = resting.get(claimed.address or known.contact(claimed).email or "") if claimed.channel == "email" else None
    return Suppressed(f"the address is left alone until {row['until']}: {row['reply']}") if row else None


def _composed(tx: Tx, composer: Composer, claimed: Claimed, known: Known | None, now: datetime) -> Message | Exception:
    try:
        return composer.compose(tx, claimed, known or composer.known(tx, [claimed]), now)
    except StorageError:
        raise
    except NobodyToTell as nobody:
        return nobody
    except UnsafeMail as error:
        return DeliveryFailed(Cause.CONTENT, str(error), permanent=True)
    except Exception as error:  # noqa: BLE001 - one message that cannot be written must not keep the others from leaving
        structlog.get_logger("forewarn.postman").exception("message_not_written", notice=claimed.notice)
        return DeliveryFailed(Cause.CONTENT, f"the message could not be written: {type(error).__name__}")
