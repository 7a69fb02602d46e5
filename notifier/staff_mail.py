"""Mails to the vendor's own people, plain text: written down with their cause, and sent until a server has them."""

from __future__ import annotations

import binascii
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import format_datetime

import structlog

from notifier.channels.email import EmailChannel
from notifier.channels.failures import DeliveryFailed
from notifier.delivery.retrying import FIRST_PAUSE, LONGEST_PAUSE
from notifier.mails.build import Mail, Sender, message_id
from notifier.mails.dkim import Signer
from notifier.mails.headers import UnsafeMail, address_line, bare_line, plain_address, text_line
from storage import Clock, Database, Statements, Tx, instant, new_id, parse_instant

sql = Statements(__package__, "staff.sql")

#: For so long a mail is this process's alone; a process that died leaves it to another after that, which looks every
#: 20 seconds: within a minute. A server that takes longer over one mail may get it twice, under one Message-ID.
LEASE = timedelta(seconds=35)
#: Attempts before a mail is given up: with the pauses between them, after about three days.
ATTEMPTS = 24


@dataclass(frozen=True, slots=True)
class StaffMail:
    """A mail that is owed to one of the vendor's own people."""

    no: int
    id: str
    #: What it is about: a defect's id.
    subject_id: str
    address: str
    subject: str
    body: str
    #: RFC 3339, UTC.
    made_at: str
    #: With this one.
    attempts: int


def owe(tx: Tx, addresses: Iterable[str], about: str, subject: str, body: str, now: datetime) -> int:
    """Owe a mail about a defect to each address; return how many. It commits with its cause."""
    rows = [
        {
            "id": new_id(now),
            "subject_id": about,
            "address": address,
            "subject": subject,
            "body": body,
            "at": instant(now),
        }
        for address in addresses
    ]
    if rows:
        tx.many(sql.insert_staff_mail, rows)
        tx.notify()
    return len(rows)


def take(tx: Tx, now: datetime, most: int) -> tuple[StaffMail, ...]:
    """Take up to `most` mails that are due, oldest first; for LEASE they are the caller's alone."""
    rows = tx.all(sql.take_staff_mails, now=instant(now), until=instant(now + LEASE), most=most)
    return tuple(StaffMail(**row) for row in sorted(rows, key=lambda row: row["no"]))


def sent(tx: Tx, mail: StaffMail, reply: str, now: datetime) -> None:
    """Record that a server has taken it."""
    tx.run(sql.staff_mail_sent, no=mail.no, at=instant(now), reply=reply)


def failed(tx: Tx, mail: StaffMail, reply: str, now: datetime, *, permanent: bool) -> None:
    """Record that it was not taken: tried again after a pause that doubles, unless that is of no use."""
    if permanent or mail.attempts >= ATTEMPTS:
        tx.run(sql.staff_mail_failed, no=mail.no, at=instant(now), reply=reply)
    else:
        pause = min(LONGEST_PAUSE, FIRST_PAUSE * (1 << min(mail.attempts - 1, 16)))
        tx.run(sql.staff_mail_later, no=mail.no, due_at=instant(now + pause), reply=reply)


def forget(tx: Tx, person: str, addresses: Iterable[str], instead: str) -> None:
    """Drop the mails to somebody who is forgotten, unsent ones too, and the name in those to others."""
    tx.many(sql.drop_staff_mails, [{"address": address} for address in addresses])
    tx.run(sql.forget_in_staff_mails, person=person, instead=instead)


def written(mail: StaffMail, sender: Sender, signer: Signer) -> Mail:
    """Return the finished mail, signed; raises UnsafeMail for an address that is none."""
    identity = message_id(f"staff-{mail.id}", sender)
    lines = (
        bare_line("Message-ID", identity),
        bare_line("Date", format_datetime(parse_instant(mail.made_at))),
        address_line("From", sender.name, sender.address),
        address_line("To", None, plain_address(mail.address)),
        text_line("Subject", mail.subject),
        bare_line("Auto-Submitted", "auto-generated"),
        bare_line("MIME-Version", "1.0"),
        bare_line("Content-Type", 'text/plain; charset="utf-8"'),
        bare_line("Content-Transfer-Encoding", "quoted-printable"),
    )
    # In the relaxed form that the signature takes: no blank beside another, no empty line at the end.
    text = "\r\n".join(" ".join(line.split()) for line in mail.body.rstrip().splitlines()) + "\r\n"
    body = binascii.b2a_qp(text.encode("utf-8", "replace"), istext=True)
    head = "".join(lines).encode("ascii")
    signatures = signer.signatures(head, body, parse_instant(mail.made_at))
    return Mail(sender.address, mail.address, identity, signatures + head + b"\r\n" + body)


@dataclass(frozen=True, slots=True)
class StaffPost:
    """Sends what is owed to the vendor's own people; any number of processes may have one each."""

    database: Database
    clock: Clock
    channel: EmailChannel
    sender: Sender
    signer: Signer

    async def deliver(self) -> int:
        """Send all that is due; return how many mails a server has taken."""
        taken = 0
        # One by one: the lease of a second mail would run while the first is being sent.
        while mails := await self.database.call(take, self.clock.now(), 1):
            taken += await self._send(mails[0])
        return taken

    async def _send(self, mail: StaffMail) -> bool:
        log = structlog.get_logger("forewarn.staff_mail")
        try:
            reply = await self.channel.send(written(mail, self.sender, self.signer), _nothing_holds_it)
        except UnsafeMail as error:
            await self.database.call(failed, mail, str(error), self.clock.now(), permanent=True)
            log.warning("staff_mail_refused", about=mail.subject_id, why=str(error))
        except DeliveryFailed as failure:
            now = self.clock.now()
            await self.database.call(failed, mail, failure.reply, now, permanent=failure.permanent)
            log.warning("staff_mail_failed", about=mail.subject_id, reply=failure.reply)
        else:
            await self.database.call(sent, mail, reply, self.clock.now())
            return True
        return False


async def _nothing_holds_it() -> None:
    """Let it go: a mail to our own people does not depend on anybody's exposure."""
