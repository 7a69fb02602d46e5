"""A mail on its way, that remembers what it was told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from notifier.mails.build import Mail


@dataclass(eq=False)
class Noted:
    """An errand of the tests (`notifier.channels.errands.Errand`)."""

    mail: Mail
    is_over: bool = False
    lane: str | None = None
    is_near: bool = False
    reply: str | None = None
    error: Exception | None = None
    #: Called when it has come to its end.
    ended: Callable[[], None] = field(default=lambda: None)

    def near(self) -> None:
        assert not self.is_near
        self.is_near = True

    def ask(self, go: Callable[[], None], otherwise: Callable[[], None]) -> None:
        """Hold nothing back."""
        del otherwise
        go()

    async def last_moment(self) -> None:
        """Hold nothing back."""

    def taken(self, reply: str) -> None:
        self.reply = reply
        self.ended()

    def failed(self, error: Exception) -> None:
        self.error = error
        self.ended()


def mail_to(name: str) -> Mail:
    content = b"Subject: %b\r\n\r\nHello.\r\n" % name.encode()
    return Mail("warnings@notes.example", f"{name}@example.com", f"<{name}@notes.example>", content)


def noted(names: Sequence[str]) -> list[Noted]:
    return [Noted(mail_to(name)) for name in names]
