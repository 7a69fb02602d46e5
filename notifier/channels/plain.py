"""A connection to a server that takes one command at a time, by aiosmtplib: four round trips a mail."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from aiosmtplib import (
    SMTP,
    SMTPException,
    SMTPResponse,
    SMTPResponseException,
)

from notifier.channels.errands import Errand, Report
from notifier.channels.failures import Cause, DeliveryFailed
from notifier.channels.replies import (
    CLOSING,
    DONE,
    GO_AHEAD,
    GO_ON,
    Judgement,
    judge,
    judge_sender,
    one_line,
    refused,
)
from notifier.channels.terms import Terms, dotted
from notifier.mails.build import Mail


class PlainConnection:
    """A connection that is greeted, secured and signed in; it carries one mail at a time."""

    #: It never says anything ahead of the server's replies.
    confused = False

    def __init__(self, client: SMTP, terms: Terms, report: Report) -> None:
        self._client = client
        self._terms = terms
        self._report = report
        self._began = 0
        self._announced: Mail | None = None

    @property
    def usable(self) -> bool:
        """Whether another mail may begin on it."""
        return self._client.is_connected and self._began < self._terms.mails

    @property
    def was_used(self) -> bool:
        """Whether more than one mail has begun on it."""
        return self._began > 1

    def begin(self, mail: Mail) -> None:
        """Take up a mail; nothing is said before `accepted`."""
        self._began += 1
        self._announced = mail

    async def accepted(self) -> None:
        """Name sender and recipient of the mail that `begin` took up; raises DeliveryFailed."""
        mail = self._announced
        if mail is None:
            raise DeliveryFailed(Cause.CONNECTION, "no mail was announced")
        options = [self._terms.announced(mail.size).strip()] if self._terms.announces_size else []
        await answered(lambda: self._client.mail(mail.sender, options=options), judge_sender)
        try:
            await answered(lambda: self._client.rcpt(mail.recipient), judge)
        except DeliveryFailed:
            await self._reset()
            raise

    async def hand_over(self, errand: Errand, take: Callable[[], Errand | None]) -> None:
        """Send the message with its final dot, and report the reply; raises DeliveryFailed.

        Nothing is taken to be announced behind it. Once the dot is out, a lost answer leaves the message in doubt.
        """
        del take
        await self._data()
        self._report.taken(errand, await self._message(errand.mail))

    async def answered(self) -> None:
        """Return at once: when a turn is over, the server has answered everything."""

    async def hold_back(self) -> None:
        """Take back what `accepted` announced."""
        await self._reset()

    async def quit(self) -> None:
        """Say goodbye."""
        if not self._client.is_connected:
            return
        try:
            await self._client.quit(timeout=1)
        except (SMTPException, OSError):
            self.abandon()

    def abandon(self) -> None:
        """Close without a word."""
        self._client.close()

    async def _data(self) -> None:
        begun = await answered(lambda: self._client.execute_command(b"DATA"), judge_sender)
        if begun.code != GO_AHEAD:
            await self._reset()
            raise refused(begun, judge_sender)

    async def _message(self, mail: Mail) -> str:
        """Send the message with its final dot; from here, a lost answer leaves it in doubt."""
        protocol = self._client.protocol
        if protocol is None:
            raise DeliveryFailed(Cause.CONNECTION, "the connection broke before the message")
        try:
            protocol.write(dotted(mail))
            reply = await protocol.read_response(timeout=self._terms.message_timeout)
        except (SMTPException, OSError) as error:
            self.abandon()
            raise DeliveryFailed(Cause.CONNECTION, one_line(str(error)), in_doubt=True) from error
        if reply.code == CLOSING or reply.code // 100 == GO_ON:
            self.abandon()
        if reply.code // 100 == GO_ON:
            raise DeliveryFailed(Cause.CONNECTION, one_line(f"{reply.code}"), in_doubt=True)
        if reply.code // 100 != DONE:
            raise refused(reply, judge)
        return one_line(f"{reply.code} {reply.message}")

    async def _reset(self) -> None:
        """Take back what was announced; a connection that cannot is given up."""
        if not self._client.is_connected:
            return
        try:
            await self._client.rset()
        except (SMTPException, OSError):
            self.abandon()


async def answered(
    command: Callable[[], Awaitable[SMTPResponse]], judged: Callable[[int, str], Judgement]
) -> SMTPResponse:
    """Return the reply to a command; raises DeliveryFailed for a refusal or a broken connection."""
    try:
        return await command()
    except SMTPResponseException as error:
        raise refused(SMTPResponse(error.code, error.message), judged) from error
    except (SMTPException, OSError) as error:
        raise DeliveryFailed(Cause.CONNECTION, one_line(str(error) or type(error).__name__)) from error
