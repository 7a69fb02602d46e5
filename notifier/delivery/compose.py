"""From a claimed delivery to a message: what the slices know, put together for one recipient."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
import structlog

from feeds import store as defects
from installs_registry import customers
from installs_registry.customers import Contact
from notifier import notices
from notifier.channels.failures import Cause, DeliveryFailed
from notifier.channels.webhook import Call
from notifier.delivery import store
from notifier.delivery.claims import Claimed, LineState, OwedNotice
from notifier.delivery.describing import affected_words, changes
from notifier.delivery.fitting import fits, options
from notifier.delivery.subjects import Subject
from notifier.mails.build import Envelope, Mail, Sender, build, message_id
from notifier.mails.facts import Line, MailFacts
from notifier.mails.headers import UnsafeMail
from notifier.mails.render import Renderer
from notifier.publications import Rulebook
from notifier.states import NoticeKind
from notifier.tokens import Links
from storage import Row, StorageError, Tx, instant, parse_instant


class NobodyToTell(Exception):
    """The delivery has no address, or its recipient wants no mail; the text says which."""


@dataclass(frozen=True, slots=True)
class Message:
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
    renderer: Renderer
    rulebook: Rulebook

    def compose(self, tx: Tx, claimed: Claimed, now: datetime) -> Message:
        """Return the message of a delivery; raises NobodyToTell, and UnsafeMail where it cannot be built."""
        contact = customers.contacts(tx, [claimed.recipient]).get(claimed.recipient, Contact(claimed.recipient))
        rows = store.lines(tx, claimed.notice_no)
        write = self._call if claimed.channel == "webhook" else self._mail
        return Message(write(tx, claimed, contact, rows, now), frozenset(map(store.line_state, rows)))

    def facts_of(self, tx: Tx, notice: str) -> MailFacts:
        """Return what a notice says to its recipient now, for its page; raises NotFound."""
        owed = store.owed_notice(tx, notice)
        contact = customers.contacts(tx, [owed.recipient]).get(owed.recipient, Contact(owed.recipient))
        subject = Subject.of(tx, self.rulebook, owed.defect_no)
        rows = store.lines(tx, owed.notice_no)
        return self._facts(tx, owed, contact, subject, rows, store.told(tx, owed.notice_no))

    def _call(self, tx: Tx, claimed: Claimed, contact: Contact, _: Sequence[Row], now: datetime) -> Call:
        url = claimed.address or contact.webhook
        if url is None:
            raise NobodyToTell("no webhook is known")
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

    def _mail(self, tx: Tx, claimed: Claimed, contact: Contact, rows: Sequence[Row], now: datetime) -> Mail:
        address = _mail_address(claimed, contact)
        subject = Subject.of(tx, self.rulebook, claimed.defect_no)
        told = store.told(tx, claimed.notice_no)
        facts = self._facts(tx, claimed, contact, subject, rows, told)
        envelope = Envelope(
            sender=self.sender,
            recipient=address,
            message_id=claimed.message_id or message_id(claimed.notice, self.sender),
            date=now,
            answers=told["message_id"] if told else None,
            product=subject.product.id,
        )
        return build(facts, self.renderer.render(facts), envelope)

    def _facts(
        self,
        tx: Tx,
        owed: OwedNotice,
        contact: Contact,
        subject: Subject,
        rows: Sequence[Row],
        told: Row | None,
    ) -> MailFacts:
        concerned = [row for row in rows if fits(owed.kind, store.line_state(row).exposure)]
        states = [subject.install(tx, row["install_no"]) for row in concerned]
        lines = tuple(
            subject.line(state, row["install"], store.line_state(row).exposure)
            for state, row in zip(states, concerned, strict=True)
        )
        clears = owed.kind is NoticeKind.ALL_CLEAR
        return MailFacts(
            kind=owed.kind,
            customer=contact.name,
            lines=lines,
            safe_version=subject.safe_fix(states) if clears else subject.safe_version(states),
            changes=_changes(tx, subject, told) if owed.kind is NoticeKind.CORRECTION else (),
            outcome=subject.outcome if clears else None,
            told_at=_told_at(told),
            url=self.links.notice(owed.notice),
            unsubscribe_url=self.links.unsubscribe(owed.notice),
            locale=contact.locale,
            time_zone=contact.time_zone,
            **of_defect(subject, owed.kind, lines),
            vendor=self.sender.name,
        )


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
        "target": subject.target(),
        "options": options(kind, report.remedies, [line.exposure for line in lines], goes_back=goes_back),
        "fixed_in": subject.defect.fixed_in,
        "reason": subject.defect.reason,
    }


def _mail_address(claimed: Claimed, contact: Contact) -> str:
    if contact.mail_refused_at is not None:
        raise NobodyToTell("the customer has asked for no more mail")
    address = claimed.address or contact.email
    if address is None:
        raise NobodyToTell("no mail address is known")
    return address


def _changes(tx: Tx, subject: Subject, told: Row | None) -> tuple[str, ...]:
    live = subject.defect.report
    before = [each.report for each in defects.revisions(tx, subject.defect) if told and each.number == told["revision"]]
    return changes(before[0] if before else live, live)


def _told_at(told: Row | None) -> datetime | None:
    at = (told["sent_at"] or told["handed_over_at"]) if told else None
    return parse_instant(at) if at else None


def compose_all(
    tx: Tx, composer: Composer, claimed: Sequence[Claimed], now: datetime
) -> list[tuple[Claimed, Message | Exception]]:
    """Return for each delivery its message, or why there is none: NobodyToTell or DeliveryFailed."""
    return [(each, _composed(tx, composer, each, now)) for each in claimed]


def _composed(tx: Tx, composer: Composer, claimed: Claimed, now: datetime) -> Message | Exception:
    try:
        return composer.compose(tx, claimed, now)
    except StorageError:
        raise
    except NobodyToTell as nobody:
        return nobody
    except UnsafeMail as error:
        return DeliveryFailed(Cause.CONTENT, str(error), permanent=True)
    except Exception as error:  # noqa: BLE001 - one message that cannot be written must not keep the others from leaving
        structlog.get_logger("forewarn.postman").exception("message_not_written", notice=claimed.notice)
        return DeliveryFailed(Cause.CONTENT, f"the message could not be written: {type(error).__name__}")
