"""Taking what came back: what it is about is recorded, tried again where that is of use, and else given up."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from feeds import store as defects
from notifier.channels.failures import Cause
from notifier.delivery import store, suppressing
from notifier.delivery.retrying import Patience, spent
from notifier.delivery.return_path import ReturnPath
from notifier.delivery.returned import Report, Returned, read
from notifier.states import NoticeState, require_legal
from storage import Row, Statements, Tx, instant

sql = Statements(__package__, "bounces.sql")

#: What a server has refused after it had taken it is not tried again before.
LEAST_PAUSE = timedelta(hours=1)


class Taken(StrEnum):
    """What became of a message that came back."""

    #: It says nothing of a delivery: an absence notice, say.
    NO_REPORT = "no_report"
    #: It is about none of our mails, as far as we can tell.
    NOT_OURS = "not_ours"
    #: It was taken before.
    KNOWN = "known"
    #: It lies in the recipient's mailbox.
    DELIVERED = "delivered"
    #: The delivery is only late.
    DELAYED = "delayed"
    #: The mail is sent again.
    AGAIN = "again"
    #: The mail has failed.
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Doorkeeper:
    """Takes what comes back to one vendor."""

    patience: Patience
    #: None: envelope senders hold no token, and a report is known by the Message-ID of the mail it is about.
    return_path: ReturnPath | None

    def take(self, tx: Tx, raw: bytes, now: datetime) -> Taken:
        """Take one message as it came; the same one twice counts once."""
        returned = read(raw)
        if not returned.reports and not returned.delivered:
            return Taken.NO_REPORT
        delivery = self._delivery(tx, returned)
        if delivery is None:
            return Taken.NOT_OURS
        if not returned.reports:
            return Taken.DELIVERED if tx.run(sql.lies_there, no=delivery["no"], now=instant(now)) else Taken.KNOWN
        report = _about(returned, delivery)
        bounce = {
            "delivery_no": delivery["no"],
            "digest": hashlib.sha256(raw).hexdigest(),
            "cause": report.cause.value,
            "permanent": int(report.permanent),
            "failed": int(report.failed),
            "reply": report.reply,
            "at": instant(now),
        }
        if not tx.run(sql.insert_bounce, **bounce):
            return Taken.KNOWN
        return self._failed(tx, delivery, report, now) if report.failed else Taken.DELAYED

    def _delivery(self, tx: Tx, returned: Returned) -> Row | None:
        if self.return_path is not None:
            notices = filter(None, map(self.return_path.notice, returned.came_to))
            found = (tx.one(sql.mail_of_notice, notice=notice) for notice in notices)
        else:
            found = (tx.one(sql.mail_of_message, message_id=each, notice=_named(each)) for each in returned.message_ids)
        return next(filter(None, found), None)

    def _failed(self, tx: Tx, delivery: Row, report: Report, now: datetime) -> Taken:
        reply = f"{report.cause}: it came back: {report.reply}"
        address = delivery["address"] or delivery["email"]
        if report.permanent and report.cause is Cause.RECIPIENT and address:
            suppressing.suppress(tx, address, report.reply, now)
        before = NoticeState(delivery["state"])
        if before not in {NoticeState.SENT, NoticeState.IN_DOUBT} and not _is_unanswered(delivery):
            return Taken.AGAIN if before in {NoticeState.PENDING, NoticeState.SENDING} else Taken.FAILED
        severity = defects.find_by_number(tx, delivery["defect_no"]).report.severity
        is_over = report.permanent or spent(delivery["attempts"], severity)
        after = NoticeState.FAILED if is_over else NoticeState.PENDING
        require_legal(before, after)
        due_at = now + max(LEAST_PAUSE, self.patience.pause(delivery["attempts"]))
        tx.run(
            sql.came_back,
            no=delivery["no"],
            before=before.value,
            after=after.value,
            due_at=instant(due_at),
            reply=reply,
        )
        store.follow(tx, [delivery["notice_no"]])
        return Taken.FAILED if is_over else Taken.AGAIN


def _named(message_id: str) -> str:
    """Return the id of the notice that a Message-ID of ours names."""
    return message_id.removeprefix("<").partition("@")[0]


def _is_unanswered(delivery: Row) -> bool:
    """Tell whether a mail's only attempt that left waits for its answer: the report has overtaken that."""
    state, handed_over_at, doubtful_at = delivery["state"], delivery["handed_over_at"], delivery["doubtful_at"]
    return state == NoticeState.SENDING and handed_over_at is not None and doubtful_at is None


def _about(returned: Returned, delivery: Row) -> Report:
    """Return the report on our recipient; one that names somebody else speaks of where its mail is forwarded."""
    address = (delivery["address"] or delivery["email"] or "").lower()
    return next((each for each in returned.reports if each.address == address), returned.reports[0])
