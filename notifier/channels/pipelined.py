"""A connection that announces the next mail before it is told what became of the last: one round trip a mail.

RFC 2920 lets a client send MAIL, RCPT and DATA as one group, where DATA ends a group; the next group may follow the
final dot at once.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from aiosmtplib import SMTPResponse

from notifier.channels.announcing import COMMANDS, Announcement, AnnouncementAfterReset
from notifier.channels.errands import Errand, Report
from notifier.channels.failures import Cause, DeliveryFailed
from notifier.channels.replies import ACCEPTED, DONE, GO_AHEAD, GO_ON, judge, judge_sender, one_line, refused
from notifier.channels.succession import Succession
from notifier.channels.terms import END, Terms
from notifier.channels.wire import Expected, Wire
from notifier.mails.build import Mail

#: Seconds for the answer to QUIT.
_FAREWELL = 1.0
#: What a server says to a message that it has taken.
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
        #: The mail whose turn it is.
        self._announced: Announcement | None = None
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
        announcement = self._announcement(mail)
        self._wire.say(announcement.words, announcement)

    async def accepted(self) -> None:
        """Return once the server waits for the message that `begin` announced; raises DeliveryFailed."""
        if self._announced is None:
            raise DeliveryFailed(Cause.CONNECTION, "no mail was announced")
        await self._announced.answered()
        if self._announced.is_granted:
            if self._wire.broken is not None:
                raise self._broken()
            return
        replies = self._announced.replies
        if self._half_way and replies:
            self._half_way = False
            first, *replies = replies
            if first.code != ACCEPTED:
                self.abandon()
        failure = self._failure(replies)
        if failure is None and self._wire.broken is None:
            return
        if replies[COMMANDS - 1 :] and replies[-1].code == GO_AHEAD:
            await self._say_nothing()
        self._half_way = True
        raise failure or self._broken()

    async def hand_over(self, errand: Errand, take: Callable[[], Errand | None]) -> Errand | None:
        """Do as `pass_on`, and let others follow by calls alone as long as all is as usual.

        Returns the mail that is announced and with which something is not; None where none is left.
        """
        following = self.pass_on(errand, take)
        if following is None:
            return None
        return await Succession(self, following, take, self._report).over()

    def pass_on(self, errand: Errand, take: Callable[[], Errand | None]) -> Errand | None:
        """Send the message with its final dot; what is answered is reported when it comes. Raises DeliveryFailed.

        Returns the mail that `take` gave to be announced in the same breath, None where there was none. From here, a
        lost answer leaves the message in doubt.
        """
        announced = self._announced
        if announced is None or self._wire.broken is not None:
            raise self._broken()
        answer = _Answer(self, errand, self._terms.message_timeout)
        following = take() if self._began < self._terms.mails else None
        if following is None:
            self._announced = None
            self._wire.say(announced.message, answer)
        else:
            announcement = self._announcement(following.mail)
            self._wire.say(announced.message + announcement.words, answer, announcement)
        return following

    def when_granted(self, granted: Callable[[], None], otherwise: Callable[[], None]) -> None:
        """Call the one once the server waits for the message that was announced last, the other where it does not."""
        if self._announced is not None:
            self._announced.when_answered(granted, otherwise)

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
            self._wire.say(b"QUIT\r\n", Expected(_FAREWELL))
            await self._wire.quieted()
        self._wire.hang_up("closed")

    def taken(self, errand: Errand, words: bytes) -> None:
        """Report a message as taken, in the words of the server."""
        self._report.taken(errand, one_line(words.rstrip(b"\r\n").decode("utf-8", "replace")))

    def _announcement(self, mail: Mail) -> Announcement:
        """Return what announces a mail, whose turn it is from here."""
        self._began += 1
        kind = AnnouncementAfterReset if self._half_way else Announcement
        self._announced = kind(mail, self._terms)
        return self._announced

    def told(self, errand: Errand, replies: list[SMTPResponse]) -> None:
        """Report what a message was answered with, where that is not as usual."""
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
        return None if len(replies) == COMMANDS else self._broken()

    async def _say_nothing(self) -> None:
        """End a message that has no recipient (RFC 2920, section 3.1: DATA may succeed all the same)."""
        self._wire.say(END, Expected(self._terms.command_timeout))
        await self._wire.quieted()

    def _broken(self) -> DeliveryFailed:
        return DeliveryFailed(Cause.CONNECTION, one_line(self._wire.broken or "the connection broke"))


class _Answer(Expected):
    """What is answered to a message."""

    __slots__ = ("_connection", "_errand")

    usual = _TAKEN

    def __init__(self, connection: PipelinedConnection, errand: Errand, patience: float) -> None:
        super().__init__(patience)
        self._connection = connection
        self._errand = errand

    def said(self, words: bytes) -> None:
        """Report that the server has it."""
        self._connection.taken(self._errand, words)

    def ended(self) -> None:
        """Report what else was said, or that nothing was."""
        self._connection.told(self._errand, self.replies)
