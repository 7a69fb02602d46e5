"""Addresses of customers: what may be written to a mail server, and where a webhook may lead.

An address that a customer gives must not reach into the networks of the host that serves it. Only plain
spellings are read, so that no two parsers can disagree about the host; what a name resolves to is compared
again, by `is_public_ip`, when a connection is made.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import Final

Network = IPv4Network | IPv6Network
IpAddress = IPv4Address | IPv6Address

_ATOM: Final = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL: Final = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_EMAIL: Final = re.compile(rf"{_ATOM}(?:\.{_ATOM})*@(?P<domain>{_LABEL}(?:\.{_LABEL})+)")
_MAX_EMAIL: Final = 254
_MAX_LOCAL_PART: Final = 64
_NAME: Final = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_MAX_NAME: Final = 253
#: The last label of a host that parsers may take for a number (WHATWG URL, "ends in a number").
_NUMERIC: Final = re.compile(r"[0-9]+|0[xX][0-9a-fA-F]*")
_URL: Final = re.compile(
    r"(?P<scheme>https?)://(?:\[(?P<ipv6>[0-9a-f:.]+)\]|(?P<name>[a-z0-9.-]+))"
    r"(?::(?P<port>[0-9]{1,5}))?(?:[/?#][!-~]*)?",
    re.IGNORECASE,
)
_MAX_URL: Final = 2_000
_MAX_PORT: Final = 65_535
#: Below it are the ports of mail, shells and databases, which a POST could be made to speak to.
_FIRST_FREE_PORT: Final = 1_024
_WEB_PORTS: Final = frozenset({80, 443})
#: Names that mean something inside a network only (RFC 6761, RFC 6762, RFC 8375, and common habit).
_LOCAL_DOMAINS: Final = (
    "home.arpa", "internal", "intranet", "invalid", "lan", "local", "localdomain", "localhost", "onion",
    "svc", "test",
)  # fmt: skip
#: IANA's special-purpose IPv4 addresses, multicast, what is reserved, and the platform address of a cloud.
_SPECIAL_IPV4: Final = (
    "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "168.63.129.16/32", "169.254.0.0/16",
    "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24",
    "192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4",
    "240.0.0.0/4",
)  # fmt: skip
_GLOBAL_UNICAST: Final = "2000::/3"
#: Inside 2000::/3: protocol assignments with Teredo and ORCHID, documentation, 6to4.
_SPECIAL_IPV6: Final = ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")
#: What a network without IPv4 reaches the IPv4 internet through (RFC 6052).
_NAT64: Final = "64:ff9b::/96"


def check_email(text: str) -> None:
    """Raise ValueError unless `text` is one plain address that every mail server takes as it stands.

    No quoted local part, no comments, no address literal, ASCII only, and nothing that a mail header would
    decode (`=?`, CVE-2024-6923).
    """
    found = _EMAIL.fullmatch(text)
    if not found or "=?" in text:
        raise ValueError("This is one plain mail address in ASCII, such as ada@example.com.")
    if len(text) > _MAX_EMAIL or text.index("@") > _MAX_LOCAL_PART:
        raise ValueError(f"A mail address has at most {_MAX_EMAIL} characters, {_MAX_LOCAL_PART} before the @.")
    if _NUMERIC.fullmatch(found["domain"].rpartition(".")[2]):
        raise ValueError("The part behind the @ is a domain name, not a number.")


def check_public_address(url: str, allowed: Sequence[Network] = ()) -> None:
    """Raise ValueError, with a sentence, unless a webhook may be posted to `url`.

    That is https to a public host. `allowed` holds networks of its own that the vendor has opened: with any,
    http and local names are let pass too, since what they resolve to is compared when a connection is made.
    """
    found = _URL.fullmatch(url) if len(url) <= _MAX_URL else None
    if not found:
        raise ValueError(
            f"A webhook is https://host/path of at most {_MAX_URL} ASCII characters, without a user name; "
            "an international host is written in its xn-- form."
        )
    address = _literal(found["ipv6"] or found["name"])
    if address is not None and _within(address, allowed):
        return
    if address is not None and not is_public_ip(address):
        raise ValueError(f"{address} is no public address.")
    if allowed:
        return
    if found["scheme"].lower() != "https":
        raise ValueError("A webhook is reached by https, since notices tell of a customer's data.")
    _check_port(found["port"])
    if address is None:
        _check_public_name(found["name"].lower())


def is_public_ip(ip: IpAddress, allowed: Sequence[Network] = ()) -> bool:
    """Say whether `ip` is global unicast, with nothing embedded in it that is not, or in one of `allowed`.

    Stricter than `ip.is_global`, which knows neither 6to4 relays nor all of IANA's newer blocks.
    """
    if _within(ip, allowed):
        return True
    if isinstance(ip, IPv4Address):
        return not _within(ip, [ip_network(block) for block in _SPECIAL_IPV4])
    if ip in ip_network(_NAT64):
        return is_public_ip(IPv4Address(ip.packed[-4:]))
    return ip in ip_network(_GLOBAL_UNICAST) and not _within(ip, [ip_network(block) for block in _SPECIAL_IPV6])


def _within(ip: IpAddress, networks: Sequence[Network]) -> bool:
    return any(ip.version == network.version and ip in network for network in networks)


def _literal(host: str) -> IpAddress | None:
    """Return the address that `host` spells, None for a name; raise ValueError for what may be either."""
    if ":" in host or _NUMERIC.fullmatch(host.rstrip(".").rpartition(".")[2]):
        try:
            return ip_address(host)
        except ValueError:
            raise ValueError(
                "An IP address is written in its plain form, such as 192.0.2.7 or [2001:db8::7]."
            ) from None
    if len(host) > _MAX_NAME or not _NAME.fullmatch(host):
        raise ValueError("This is no host name.")
    return None


def _check_port(port: str | None) -> None:
    number = int(port) if port else 443
    if number not in _WEB_PORTS and not _FIRST_FREE_PORT <= number <= _MAX_PORT:
        raise ValueError(f"A webhook's port is 443, 80, or one from {_FIRST_FREE_PORT} to {_MAX_PORT}.")


def _check_public_name(name: str) -> None:
    if "." not in name or name.endswith(tuple(f".{domain}" for domain in _LOCAL_DOMAINS)):
        raise ValueError(f"{name} is a name inside a network, not a public host.")
