"""A connection that announces the next mail before it is told what became of the last: one round trip a mail.

RFC 2920 lets a client send MAIL, RCPT and DATA as one group, where DATA ends a group; the next group may follow the
final dot at once.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from functools import partial

from aiosmtplib import SMTPResponse

from notifier.channels.errands import Errand, Report
from notifier.channels.failures import Cause, DeliveryFailed
from notifier.channels.replies import ACCEPTED, DONE, GO_AHEAD, GO_ON, judge, judge_sender, one_line, refused
from notifier.channels.terms import Terms, dotted
from notifier.channels.wire import Expected, Usual, Wire
from notifier.mails.build import Mail

#: Seconds for the answer to QUIT.
_FAREWELL = 1.0
#: Commands of one group: MAIL, RCPT, DATA.
_GROUP = 3
_NOTHING_SENT = b".\r\n"
#: What a server says to a group that it takes whole, and to a message that it has taken.
_GRANTED = re.compile(rb"250(?: [^\r\n]*)?\r?\n25[012](?: [^\r\n]*)?\r?\n354(?: [^\r\n]*)?\r?\n")
_TAKEN = re.compile(rb"2[0-9][0-9] [^\r\n]*\r?\n")
#: What RCPT may be answered with where the recipient is taken (RFC 5321, section 3.4 and 3.5.3).
_RECIPIENT_TAKEN = frozenset({ACCEPTED, 251, 252})


class PipelinedConnection:
    """A connection that is greeted, secured and signed in. One mail at a time has its turn; then the next may begin."""

    def __init__(self, wire: Wire, terms: Terms, report: Report) -> None:
        self._wire = wire
        self._terms = terms
        self._report = report
        self._began = 0
        #: The replies to what was announced; None: all is as it should be.
        self._announced: asyncio.Future[list[SMTPResponse] | None] | None = None
        #: A transaction was left half way: RSET goes before the next.
        self._half_way = False

    @property
    def usable(self) -> bool:
        """Whether another mail may begin on it."""
        return self._wire.broken is None and self._began < self._terms.mails

    @property
    def was_used(self) -> bool:
        """Whether more than one mail has begun on it."""
        return self._began > 1

    @property
    def confused(self) -> bool:
        """Whether the server did not keep to what it offers."""
        return self._wire.confused

    def begin(self, mail: Mail) -> None:
        """Announce a mail: the turn is its own until `hand_over` gives it to the next, or a failure."""
        group, granted = self._announcement(mail)
        self._wire.say((group,), granted)

    async def accepted(self) -> None:
        """Return once the server waits for the message that `begin` announced; raises DeliveryFailed."""
        if self._announced is None:
            raise DeliveryFailed(Cause.CONNECTION, "no mail was announced")
        replies = await self._announced
        if replies is None:
            if self._wire.broken is not None:
                raise self._broken()
            return
        if self._half_way and replies:
            self._half_way = False
            first, *replies = replies
            if first.code != ACCEPTED:
                self.abandon()
        failure = self._failure(replies)
        if failure is None and self._wire.broken is None:
            return
        if replies[_GROUP - 1 :] and replies[-1].code == GO_AHEAD:
            await self._say_nothing()
        self._half_way = True
        raise failure or self._broken()

    async def hand_over(self, errand: Errand, take: Callable[[], Errand | None]) -> Errand | None:
        """Send the message with its final dot; what is answered is reported when it comes. Raises DeliveryFailed.

        Returns the mail that `take` gave to be announced in the same breath, None where there was none. From here, a
        lost answer leaves the message in doubt.
        """
        if self._wire.broken is not None:
            raise self._broken()
        usual = Usual(_TAKEN, partial(self._taken, errand))
        message = Expected(1, self._terms.message_timeout, partial(self._answered, errand), usual)
        following = take() if self._began < self._terms.mails else None
        if following is None:
            self._wire.say(dotted(errand.mail), message)
        else:
            group, granted = self._announcement(following.mail)
            self._wire.say((*dotted(errand.mail), group), message, granted)
        return following

    async def answered(self) -> None:
        """Return once the server has answered everything, or the connection has broken."""
        await self._wire.quieted()

    async def hold_back(self) -> None:
        """Take back what was announced: once the server waits for the message, only hanging up does."""
        self.abandon()

    def abandon(self) -> None:
        """Close without a word."""
        self._wire.hang_up("given up")

    async def quit(self) -> None:
        """Say goodbye."""
        if self._wire.broken is None:
            self._wire.say((b"QUIT\r\n",), Expected(1, _FAREWELL, _unheard))
            await self._wire.quieted()
        self._wire.hang_up("closed")

    def _announcement(self, mail: Mail) -> tuple[bytes, Expected]:
        """Return what announces a mail, and the replies to it."""
        self._began += 1
        reset = b"RSET\r\n" if self._half_way else b""
        group = b"%bMAIL FROM:<%b>%b\r\nRCPT TO:<%b>\r\nDATA\r\n" % (
            reset,
            mail.sender.encode("ascii"),
            self._terms.announced(mail),
            mail.recipient.encode("ascii"),
        )
        self._announced = asyncio.get_running_loop().create_future()
        hear = partial(_hear, self._announced)
        if reset:
            return group, Expected(_GROUP + 1, self._terms.command_timeout, hear)
        granted = Usual(_GRANTED, partial(_hear_yes, self._announced))
        return group, Expected(_GROUP, self._terms.command_timeout, hear, granted)

    def _taken(self, errand: Errand, said: bytes) -> None:
        """Report a message as taken, in the words of the server."""
        self._report.taken(errand, one_line(said.rstrip().decode("utf-8", "replace")))

    def _answered(self, errand: Errand, replies: list[SMTPResponse]) -> None:
        """Report what a message was answered with."""
        if not replies:
            self._report.failed(errand, DeliveryFailed(Cause.CONNECTION, self._broken().reply, in_doubt=True))
        elif replies[0].code // 100 == DONE:
            self._report.taken(errand, one_line(f"{replies[0].code} {replies[0].message}"))
        elif replies[0].code // 100 == GO_ON:
            self._wire.hang_up("the server answered a message with an interim reply", confused=True)
            failure = DeliveryFailed(Cause.CONNECTION, one_line(f"{replies[0].code}"), in_doubt=True)
            self._report.failed(errand, failure)
        else:
            self._report.failed(errand, refused(replies[0], judge))

    def _failure(self, replies: list[SMTPResponse]) -> DeliveryFailed | None:
        """Return what the replies to a group refuse, None where the server waits for the message."""
        for reply, wanted, judged in zip(
            replies, ({ACCEPTED}, _RECIPIENT_TAKEN, {GO_AHEAD}), (judge_sender, judge, judge_sender), strict=False
        ):
            if reply.code // 100 in {4, 5}:
                return refused(reply, judged)
            if reply.code not in wanted:
                self._wire.hang_up(f"the server answered a command with {reply.code}", confused=True)
                return self._broken()
        return None if len(replies) == _GROUP else self._broken()

    async def _say_nothing(self) -> None:
        """End a message that has no recipient (RFC 2920, section 3.1: DATA may succeed all the same)."""
        self._wire.say((_NOTHING_SENT,), Expected(1, self._terms.command_timeout, _unheard))
        await self._wire.quieted()

    def _broken(self) -> DeliveryFailed:
        return DeliveryFailed(Cause.CONNECTION, one_line(self._wire.broken or "the connection broke"))


def _hear(announced: asyncio.Future[list[SMTPResponse] | None], replies: list[SMTPResponse] | None) -> None:
    # Whoever waited may have gone.
    if not announced.done():
        announced.set_result(replies)


def _hear_yes(announced: asyncio.Future[list[SMTPResponse] | None], _: bytes) -> None:
    _hear(announced, None)


def _unheard(replies: list[SMTPResponse]) -> None:
    """Make nothing of what is answered."""
