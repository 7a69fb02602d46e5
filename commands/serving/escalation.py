"""The background loop that looks for what the approvers have to decide: it mails them, and publishes where wished.

A data-loss draft that lies, and a release that may carry an unresolved defect still.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import structlog

from api.keys import deciders_mail
from commands.keeping import mail_hold
from commands.serving.release_mail import ask_due, minute
from feeds import audit, escalating
from feeds.defects import Defect
from feeds.people import SERVICE
from notifier import publishing, release_questions, staff_mail
from notifier.channels.email import EmailChannel
from notifier.delivery.settings import DeliverySettings
from notifier.mails.build import Sender
from notifier.publishing import By
from notifier.staff_mail import StaffPost
from notifier.sweeper import woken
from storage import Clock, Database, StorageError, Tx, instant
from storage.outcomes import Refusal

#: Seconds after which the loop looks again without having been woken.
PATIENCE = 20.0


@dataclass(frozen=True, slots=True)
class Escalation:
    """Looks for what nobody decides; any number of processes may run one each."""

    database: Database
    clock: Clock
    #: Where the pages are, for the link in the mail.
    public_url: str
    #: None: without a mail server, the mails wait.
    post: StaffPost | None

    async def run(self) -> None:
        """Look after it until cancelled or the database closes."""
        try:
            await self._keep_looking()
        finally:
            if self.post is not None:
                await self.post.channel.close()

    async def _keep_looking(self) -> None:
        watcher = self.database.watch()
        while True:
            try:
                await self.look()
            except StorageError:
                structlog.get_logger("forewarn.escalation").exception("escalation_failed")
            if not await woken(watcher, PATIENCE):
                return

    async def look(self) -> None:
        """Escalate and publish what is due now, and send what is owed to the approvers."""
        now = self.clock.now()
        if await self.database.read(_is_anything_due, now):
            await self.database.call(escalate_due, now, self.public_url)
            await self.database.call(publish_due, now)
            await self.database.call(ask_due, now, self.public_url)
        if self.post is not None and await self.database.read(mail_hold) is None:
            await self.post.deliver()


def escalation_of(database: Database, clock: Clock, delivery: DeliverySettings) -> Escalation:
    """Return the loop of one process, with a connection of its own to the mail server."""
    server = delivery.mail_server()
    sender = Sender.parse(delivery.mail_from)
    post = None
    if server is not None:
        post = StaffPost(database, clock, EmailChannel(server, connections=1), sender, delivery.signer())
    return Escalation(database, clock, delivery.public_url, post)


def _is_anything_due(tx: Tx, now: datetime) -> bool:
    return bool(escalating.undecided(tx, now) or escalating.overdue(tx, now) or release_questions.unasked(tx))


def escalate_due(tx: Tx, now: datetime, public_url: str) -> list[str]:
    """Tell the approvers of each draft that waits too long, once; return the drafts' ids."""
    told = [defect for defect in escalating.undecided(tx, now) if escalating.escalate(tx, defect, now)]
    for defect in told:
        subject = f"Nobody has decided on {defect.id}: {defect.report.title}"
        body = _words(defect, escalating.publishes_itself_at(tx, now), public_url)
        staff_mail.owe(tx, deciders_mail(tx), defect.id, subject, body, now)
    return [defect.id for defect in told]


def publish_due(tx: Tx, now: datetime) -> list[str]:
    """Publish the escalated drafts whose second time has come; return their ids.

    One that can no longer be published stays a draft: the audit says why, and it is not tried again.
    """
    published = []
    for defect in escalating.overdue(tx, now):
        if not escalating.end(tx, defect, now):
            continue
        try:
            with tx.savepoint():
                publishing.publish(tx, defect.id, By(SERVICE, now))
        except Refusal as refusal:
            audit.record(tx, SERVICE, "publish refused", defect.id, {"reason": refusal.detail}, now)
        else:
            published.append(defect.id)
    return published


def _words(defect: Defect, publishes_at: datetime | None, public_url: str) -> str:
    """Return the mail to the approvers: what waits, what happens if it goes on waiting, where to decide."""
    report = defect.report
    alone = (
        f"If nobody decides, it is published by itself at {minute(instant(publishes_at))}."
        if publishes_at
        else "It stays a draft until somebody publishes or discards it. Until then nobody is warned."
    )
    return "\n".join(
        [
            f"{defect.filed_by} filed a data-loss defect of {report.product} at {minute(defect.filed_at)}.",
            "Nobody has published or discarded it since.",
            "",
            report.title,
            "",
            report.summary,
            "",
            alone,
            "",
            f"See whom it would warn, and decide: {public_url}/defects/{defect.id}",
            "",
            "One person can publish it. This mail is sent once.",
        ]
    )
