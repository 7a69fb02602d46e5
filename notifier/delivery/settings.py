"""What delivering needs to be told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from installs_registry.addresses import Network
from notifier.channels.smtp import MailServer
from notifier.delivery.compose import Composer
from notifier.delivery.store import LEASE
from notifier.mails.build import Sender
from notifier.mails.render import Renderer
from notifier.publications import Rulebook
from notifier.tokens import Links, Tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliverySettings:
    """One vendor's way of delivering."""

    #: smtp://USER:PASSWORD@HOST:PORT or smtps://…; None: mail waits.
    smtp: str | None = field(default=None, repr=False)
    #: "Name <address>"; the name is the vendor's, as its customers know it.
    mail_from: str
    #: Where customers reach the service, without a slash at its end.
    public_url: str
    #: What links and webhook secrets are made with.
    secret: str = field(repr=False)
    #: Connections to the mail server at a time, per process.
    connections: int = 16
    #: After which a dead process's deliveries are another's to take up.
    lease: timedelta = LEASE
    #: Networks of the vendor's own that webhooks may call.
    allowed_networks: Sequence[Network] = ()

    def links(self) -> Links:
        """Return the maker of links in messages."""
        return Links(self.public_url, Tokens(self.secret))

    def mail_server(self) -> MailServer | None:
        """Return the mail server, None where mail waits; raises ValueError."""
        return MailServer.parse(self.smtp) if self.smtp else None

    def composer(self, rulebook: Rulebook) -> Composer:
        """Return the writer of messages; raises UnsafeMail for a sender that is none."""
        return Composer(Sender.parse(self.mail_from), self.links(), Renderer(), rulebook)
