"""What delivering needs to be told."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from installs_registry.addresses import Network
from notifier.channels.smtp import MailServer
from notifier.channels.terms import TERMS, Terms
from notifier.delivery.bouncing import Doorkeeper
from notifier.delivery.compose import Composer
from notifier.delivery.exchanges import DnsResolver, Resolver
from notifier.delivery.lanes import Lanes
from notifier.delivery.leases import LEASE
from notifier.delivery.retrying import REPEATED_IN_DOUBT, Patience
from notifier.delivery.return_path import ReturnPath
from notifier.mails.build import Sender
from notifier.mails.dkim import Signer
from notifier.mails.dkim_keys import BadKey, DkimKey, KeyPlace
from notifier.mails.press import Press
from notifier.publications import Rulebook
from notifier.tokens import Links, Tokens
from risk import Severity
from storage import Clock
from storage.outcomes import Conflict


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
    #: How long an answer of theirs is waited for.
    terms: Terms = TERMS
    #: After which a dead process's deliveries are another's to take up.
    lease: timedelta = LEASE
    #: What mails are signed with: a key of each kind makes a signature of its own.
    dkim_keys: Sequence[KeyPlace] = ()
    #: What is sent again where nobody knows whether it arrived.
    repeat_in_doubt: Collection[Severity] = REPEATED_IN_DOUBT
    #: Where mails come back to; what stands behind a + in it must come to the same mailbox. None: to the sender.
    bounces_to: str | None = None
    #: Networks of the vendor's own that webhooks may call.
    allowed_networks: Sequence[Network] = ()

    def links(self) -> Links:
        """Return the maker of links in messages."""
        return Links(self.public_url, Tokens(self.secret))

    def mail_server(self) -> MailServer | None:
        """Return the mail server, None where mail waits; raises ValueError."""
        return MailServer.parse(self.smtp) if self.smtp else None

    def lanes(self, clock: Clock, resolver: Resolver | None = None) -> Lanes | None:
        """Return what mail goes over, None where it waits; raises ValueError."""
        server = self.mail_server()
        if server is None:
            return None
        asked = (resolver or DnsResolver()) if server.is_direct else None
        return Lanes(server, clock, connections=self.connections, resolver=asked, terms=self.terms)

    def return_path(self) -> ReturnPath | None:
        """Return what makes envelope senders, None where mails come back to the sender."""
        return ReturnPath(self.bounces_to, self.secret) if self.bounces_to else None

    def doorkeeper(self) -> Doorkeeper:
        """Return what takes the mails that come back."""
        return Doorkeeper(Patience.of_chance(self.repeat_in_doubt), self.return_path())

    def composer(self, rulebook: Rulebook) -> Composer:
        """Return the writer of messages; raises UnsafeMail for a sender that is none, and as `signer` does."""
        sender = Sender.parse(self.mail_from)
        return Composer(sender, self.links(), Press(self.signer()), rulebook, self.return_path())

    def signer(self) -> Signer:
        """Return what signs the mails; raises Conflict for a file without a key, OSError where it cannot be read."""
        try:
            return Signer(tuple(map(DkimKey.load, self.dkim_keys)))
        except BadKey as error:
            raise Conflict(f"A DKIM key cannot be used: {error}") from error
