"""Commands ahead of replies, with servers that keep to what they offer and with others, on real sockets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from notifier.channels.email import EmailChannel
from notifier.channels.failures import Cause, DeliveryFailed, HeldBack
from notifier.channels.smtp import MailServer
from notifier.channels.terms import Terms
from notifier.mails.build import Mail
from tests.notifier.channels.eager_server import EagerServer, open_eager_server
from tests.notifier.channels.errands import mail_to
from tests.notifier.mails.builders import a_mail

#: Seconds after which the tests take a server's silence for one; a busy machine may well take a tenth to answer.
SHORT = 0.5


@pytest.fixture
async def server() -> AsyncIterator[EagerServer]:
    async with open_eager_server() as server:
        yield server


@pytest.fixture
async def channel(server: EagerServer) -> AsyncIterator[EmailChannel]:
    channel = a_channel(server, connections=1)
    yield channel
    await channel.close()


@pytest.fixture
async def impatient(server: EagerServer) -> AsyncIterator[EmailChannel]:
    channel = a_channel(server, connections=1, command_timeout=SHORT, message_timeout=SHORT)
    yield channel
    await channel.close()


def a_channel(server: EagerServer, connections: int = 2, **terms: float) -> EmailChannel:
    where = MailServer.parse(f"smtp://127.0.0.1:{server.port}?starttls=never")
    return EmailChannel(where, connections=connections, terms=Terms(**terms))  # type: ignore[arg-type]


async def go() -> None:
    """Hold nothing back."""


async def hold_back() -> None:
    raise HeldBack


async def failure_of(channel: EmailChannel, mail: Mail | None = None) -> DeliveryFailed:
    with pytest.raises(DeliveryFailed) as failed:
        await channel.send(mail or a_mail(), go)
    return failed.value


async def all_of(channel: EmailChannel, *names: str) -> list[str | BaseException]:
    return await asyncio.gather(*(channel.send(mail_to(name), go) for name in names), return_exceptions=True)


async def test_the_messages_arrive_to_the_byte_over_one_connection(server: EagerServer, channel: EmailChannel) -> None:
    uneven = Mail("warnings@notes.example", "eve@example.com", "<eve@x>", b".a: b\r\n\r\n.\r\n..c\r\n.d\r\n")
    mails = [mail_to("ada"), uneven, mail_to("bob")]
    assert await asyncio.gather(*(channel.send(each, go) for each in mails)) == ["250 taken"] * 3
    # This server takes the dots off inside a message; the very first it leaves.
    assert server.messages == [mails[0].content, b"." + uneven.content, mails[2].content]
    assert server.connections == 1


async def test_the_next_mail_is_announced_before_the_last_is_answered(
    server: EagerServer, channel: EmailChannel
) -> None:
    server.replies["."] = "ahead"
    server.released.set()
    # The first is answered only when the second has been announced.
    assert await all_of(channel, "ada", "bob") == ["250 taken", "250 taken"]
    assert server.ahead.is_set()


async def test_the_dot_does_not_leave_before_the_last_moment_has_passed(
    server: EagerServer, channel: EmailChannel
) -> None:
    passed = asyncio.Event()

    async def later() -> None:
        await passed.wait()
        assert server.messages == []

    sending = asyncio.create_task(channel.send(a_mail(), later))
    await server.asked.wait()
    passed.set()
    assert await sending == "250 taken"
    assert len(server.messages) == 1


async def test_what_is_held_back_at_the_last_moment_never_leaves(server: EagerServer, channel: EmailChannel) -> None:
    with pytest.raises(HeldBack):
        await channel.send(mail_to("ada"), hold_back)
    assert await channel.send(mail_to("bob"), go) == "250 taken"
    assert server.recipients == ["bob@example.com"]


@pytest.mark.parametrize("data", ["503 no recipient", "354 go on all the same"])
async def test_a_refused_recipient_does_not_spoil_the_next_mail(
    server: EagerServer, channel: EmailChannel, data: str
) -> None:
    server.replies["RCPT TO:<ada"] = "550 5.1.1 no such user"
    server.replies["DATA"] = data
    failure = await failure_of(channel, mail_to("ada"))
    assert (failure.cause, failure.permanent, failure.in_doubt) == (Cause.RECIPIENT, True, False)
    del server.replies["DATA"]
    assert await channel.send(mail_to("bob"), go) == "250 taken"
    # A message without a recipient is ended at once, and holds nothing.
    assert [each for each in server.messages if each] == [mail_to("bob").content]
    assert server.connections == 1
    assert "RSET" in server.commands


async def test_a_refused_sender_is_a_matter_of_ours(server: EagerServer, channel: EmailChannel) -> None:
    server.replies |= {"MAIL": "550 5.7.1 blocked", "RCPT": "503 first MAIL", "DATA": "503 first MAIL"}
    failure = await failure_of(channel)
    assert (failure.cause, failure.permanent) == (Cause.REPUTATION, False)


@pytest.mark.parametrize("reply", ["554 5.6.0 malformed", "452 4.3.1 disk full"])
async def test_a_refused_message_is_not_in_doubt_and_the_next_goes_on(
    server: EagerServer, channel: EmailChannel, reply: str
) -> None:
    server.replies["."] = reply
    failures = await all_of(channel, "ada", "bob")
    assert [isinstance(each, DeliveryFailed) and each.in_doubt for each in failures] == [False, False]
    assert server.connections == 1


@pytest.mark.parametrize("command", ["MAIL", "RCPT", "DATA"])
async def test_a_connection_cut_before_the_message_is_not_in_doubt(
    server: EagerServer, channel: EmailChannel, command: str
) -> None:
    server.replies[command] = "cut"
    failure = await failure_of(channel)
    assert (failure.cause, failure.permanent, failure.in_doubt) == (Cause.CONNECTION, False, False)


@pytest.mark.parametrize("ending", ["cut", "what?", "354 again", "stall"])
async def test_an_answer_to_the_message_that_fails_to_come_leaves_it_in_doubt(
    server: EagerServer, impatient: EmailChannel, ending: str
) -> None:
    server.replies["."] = ending
    failure = await failure_of(impatient)
    assert (failure.cause, failure.permanent, failure.in_doubt) == (Cause.CONNECTION, False, True)


@pytest.mark.parametrize("extensions", [("PIPELINING",), ("8BITMIME",)])
async def test_an_interim_answer_to_the_message_leaves_it_in_doubt_and_any_good_one_says_that_it_was_taken(
    server: EagerServer, channel: EmailChannel, extensions: tuple[str, ...]
) -> None:
    server.extensions = extensions
    server.replies["."] = "251 taken, and forwarded"
    assert await channel.send(mail_to("ada"), go) == "251 taken, and forwarded"
    server.replies["."] = "354 again"
    assert (await failure_of(channel, mail_to("bob"))).in_doubt


@pytest.mark.parametrize("command", ["MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize("reply", ["garbage", "25 short", "250-\r\nbroken off", "220 odd", "199 odd", "stall"])
async def test_nonsense_before_the_message_is_a_failure_and_not_in_doubt(
    server: EagerServer, impatient: EmailChannel, command: str, reply: str
) -> None:
    server.replies[command] = reply
    failure = await failure_of(impatient)
    assert (failure.permanent, failure.in_doubt) == (False, False)
    assert server.messages == []


async def test_a_421_behind_a_mail_lets_the_next_go_over_a_new_connection(
    server: EagerServer, channel: EmailChannel
) -> None:
    server.closes_after = 1
    assert await all_of(channel, "ada", "bob", "eve") == ["250 taken"] * 3
    assert server.connections == 3


async def test_a_connection_that_the_server_closed_while_idle_costs_no_mail(
    server: EagerServer, channel: EmailChannel
) -> None:
    await channel.send(mail_to("ada"), go)
    server.say("421 4.4.2 idle for too long")
    server.hang_up()
    assert await channel.send(mail_to("bob"), go) == "250 taken"
    assert server.recipients == ["ada@example.com", "bob@example.com"]


async def test_a_reply_that_nobody_asked_for_is_not_taken_for_an_answer(
    server: EagerServer, channel: EmailChannel
) -> None:
    async def talked_to() -> None:
        server.say("250 taken")
        await asyncio.sleep(0.05)

    with pytest.raises(DeliveryFailed) as failed:
        await channel.send(a_mail(), talked_to)
    assert not failed.value.in_doubt
    assert server.messages == []


async def test_a_server_that_drops_what_came_ahead_is_spoken_to_slowly_from_then_on(
    server: EagerServer, impatient: EmailChannel
) -> None:
    server.drops_input = True
    assert await all_of(impatient, "ada", "bob", "eve") == ["250 taken"] * 3
    assert sorted(server.recipients) == ["ada@example.com", "bob@example.com", "eve@example.com"]
    slow = server.connections
    assert await impatient.send(mail_to("zoe"), go) == "250 taken"
    assert server.connections == slow


async def test_a_server_that_never_ends_a_reply_is_hung_up_on(server: EagerServer, channel: EmailChannel) -> None:
    server.replies["MAIL"] = "250-" + "x" * 100_000
    assert (await failure_of(channel)).in_doubt is False
    server.replies["MAIL"] = "250-x\r\n" * 40_000 + "250-x"
    assert (await failure_of(channel)).in_doubt is False


async def test_a_slow_reader_gets_the_whole_mail(server: EagerServer, channel: EmailChannel) -> None:
    big = Mail("warnings@notes.example", "ada@example.com", "<big@x>", b"a: b\r\n\r\n" + b"x" * 70 + b"\r\n" * 500_000)
    assert await channel.send(big, go) == "250 taken"
    assert server.messages == [big.content]


async def test_the_size_is_announced_where_the_server_wants_it(server: EagerServer, channel: EmailChannel) -> None:
    await channel.send(a_mail(), go)
    assert f"MAIL FROM:<warnings@notes.example> SIZE={len(a_mail().content)}" in server.commands


async def test_a_connection_carries_so_many_mails_and_no_more(server: EagerServer) -> None:
    channel = a_channel(server, connections=1, mails=2)
    assert await all_of(channel, "a", "b", "c", "d", "e") == ["250 taken"] * 5
    await channel.close()
    assert server.connections == 3
    assert server.commands.count("QUIT") == 3


async def test_a_send_that_was_cancelled_does_not_put_the_mail_before_it_in_doubt(
    server: EagerServer, channel: EmailChannel
) -> None:
    server.replies["."] = "ahead"
    sending = [asyncio.create_task(channel.send(mail_to(name), go)) for name in ("ada", "bob")]
    await server.ahead.wait()
    sending[1].cancel()
    await asyncio.wait([sending[1]])
    server.released.set()
    assert await sending[0] == "250 taken"
    assert await channel.send(mail_to("eve"), go) == "250 taken"
    assert server.recipients == ["ada@example.com", "eve@example.com"]
    assert server.connections == 2


@pytest.mark.parametrize(
    "content",
    [b"a: b\r\n\r\nx\n.\nMAIL FROM:<e@evil.example>\r\n", b"a: b\r\n\r\nx\r.\r\n", b"a: b\r\n\r\nno end", b""],
)
async def test_a_message_with_other_line_ends_is_not_sent(
    server: EagerServer, channel: EmailChannel, content: bytes
) -> None:
    failure = await failure_of(channel, Mail("a@b.example", "c@d.example", "<x@y>", content))
    assert (failure.cause, failure.permanent) == (Cause.CONTENT, True)
    assert server.commands == []


@pytest.mark.parametrize(
    "address", ["a@b.example>\r\nRCPT TO:<e@evil.example", "a b@c.example", "", "a@b.example>", "ä@b"]
)
async def test_an_address_that_would_be_a_command_is_not_sent(
    server: EagerServer, channel: EmailChannel, address: str
) -> None:
    assert (await failure_of(channel, Mail("a@b.example", address, "<x@y>", b"a: b\r\n\r\n"))).permanent
    assert (await failure_of(channel, Mail(address, "a@b.example", "<x@y>", b"a: b\r\n\r\n"))).permanent
    assert server.commands == []


async def test_many_mails_over_few_connections_all_arrive_once(server: EagerServer) -> None:
    channel = a_channel(server, connections=3, mails=7)
    names = [f"n{number}" for number in range(100)]
    assert await all_of(channel, *names) == ["250 taken"] * 100
    await channel.close()
    assert sorted(server.recipients) == sorted(f"{name}@example.com" for name in names)
