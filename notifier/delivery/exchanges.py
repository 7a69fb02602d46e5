"""Where the mail of a domain is taken: the relay, or what the DNS says (RFC 5321, section 5; RFC 7505)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Protocol

from notifier.channels.failures import Cause, DeliveryFailed

#: Seconds for which an answer is used, and for which one is waited for.
KEPT, PATIENCE = 600.0, 10.0
#: Exchangers of a domain that are tried.
TRIED = 3
_MOST_KEPT = 10_000


class Resolver(Protocol):
    """Asks the DNS."""

    async def exchangers(self, domain: str) -> Sequence[str]:
        """Return the mail exchangers of a domain, the preferred first, in lower case and without a dot at the end.

        Empty where the domain has none of its own and takes mail itself; "" where it takes no mail. Raises LookupError
        where there is no such domain, and OSError where the DNS does not answer.
        """


class DnsResolver:
    """Asks the servers that the machine is set up to ask."""

    async def exchangers(self, domain: str) -> Sequence[str]:
        """Do as `Resolver` says."""
        # Each start would wait for it, and few send without a relay.
        from dns import asyncresolver, exception, resolver  # noqa: PLC0415 - as said above

        try:
            answer = await asyncresolver.resolve(domain, "MX", lifetime=PATIENCE)
        except resolver.NXDOMAIN as error:
            raise LookupError(domain) from error
        except resolver.NoAnswer:
            return ()
        except exception.DNSException as error:
            raise OSError(str(error)) from error
        ordered = sorted(answer, key=lambda each: each.preference)
        return [each.exchange.to_text(omit_final_dot=True).lower().rstrip(".") for each in ordered]


class Exchanges:
    """Keeps what the DNS said for a while."""

    def __init__(self, resolver: Resolver) -> None:
        self._resolver = resolver
        self._kept: dict[str, tuple[float, asyncio.Task[Sequence[str]]]] = {}

    async def of(self, domain: str) -> Sequence[str]:
        """Return the hosts that take a domain's mail, the preferred first; raises DeliveryFailed."""
        now = asyncio.get_running_loop().time()
        kept = self._kept.get(domain)
        if kept is None or kept[0] < now or (kept[1].done() and (kept[1].cancelled() or kept[1].exception())):
            if len(self._kept) >= _MOST_KEPT:
                self._kept.clear()
            kept = self._kept[domain] = (now + KEPT, asyncio.create_task(self._asked(domain)))
        return await asyncio.shield(kept[1])

    async def _asked(self, domain: str) -> Sequence[str]:
        try:
            found = list(await self._resolver.exchangers(domain))
        except LookupError:
            # A name server may lose a domain for a day; its customers' mailboxes are still there.
            raise DeliveryFailed(Cause.CONNECTION, f"there is no domain {domain}") from None
        except OSError as error:
            raise DeliveryFailed(Cause.CONNECTION, f"the DNS does not answer for {domain}: {error}"[:500]) from error
        if found == [""]:
            raise DeliveryFailed(Cause.RECIPIENT, f"{domain} takes no mail (RFC 7505)", permanent=True)
        return [host for host in found if host][:TRIED] or [domain]
