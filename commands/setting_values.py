"""What the text of a setting may be: each function returns the value or raises ValueError with a sentence."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Literal, get_args
from urllib.parse import urlsplit

from notifier.channels.smtp import MailServer
from notifier.mails.build import Sender
from notifier.mails.dkim_keys import KeyPlace
from notifier.mails.headers import plain_address
from risk import Severity

Network = IPv4Network | IPv6Network
LogLevel = Literal["debug", "info", "warning", "error"]

#: Below this many characters a secret can be guessed.
SECRET_LENGTH = 32
MOST_WORKERS = 64
_LAST_PORT = 65_535
#: Looked for every fifth of a lease, the work of a dead process is then taken up within 60 seconds.
_LONGEST_LEASE = 45
_MOST_KEPT_BACK = 1_000
#: MiB.
_MOST_PAGES = 4_096
_LONGEST_KEY = 1_000
#: A hundred years, in days.
_LONGEST_KEPT = 36_500


def database_url(text: str) -> str:
    """Return the URL of a database that the storage can open."""
    if text.startswith("sqlite:///") and text != "sqlite:///":
        return text
    if text.startswith(("postgresql://", "postgres://")):
        return text
    raise ValueError("must be sqlite:///PATH or postgresql://USER:PASSWORD@HOST/NAME")


def host(text: str) -> str:
    """Return an address or a host name to listen on."""
    if not text or any(character.isspace() or character == "/" for character in text):
        raise ValueError("must be an address or a host name, such as 127.0.0.1 or ::")
    return text


def port(text: str) -> int:
    """Return a TCP port; 0 stands for any free one."""
    return number(text, 0, _LAST_PORT)


def workers(text: str) -> int:
    """Return a number of processes."""
    return number(text, 1, MOST_WORKERS)


def lease_seconds(text: str) -> int:
    """Return for how many seconds deliveries are leased; under 2, a busy process would lose its own."""
    return number(text, 2, _LONGEST_LEASE)


def page_cache(text: str) -> int:
    """Return how many MiB of pages a connection keeps."""
    return number(text, 1, _MOST_PAGES)


def small_audience(text: str) -> int:
    """Return the least count of an audience that is shown to everybody."""
    return number(text, 0, _MOST_KEPT_BACK)


def days(text: str) -> int:
    """Return for how many days something is kept; 0: for ever."""
    return number(text, 0, _LONGEST_KEPT)


def smtp_url(text: str) -> str:
    """Return the URL of a mail server."""
    try:
        MailServer.parse(text)
    except ValueError:
        # What was wrong is not repeated: it may hold the password.
        raise ValueError(
            "must be smtp://HOST:PORT or smtps://HOST:PORT, with USER:PASSWORD@ before HOST where needed, or mx://NAME"
        ) from None
    return text


def sender(text: str) -> str:
    """Return the sender of a mail, one address with or without a name."""
    wanted = 'must be one address, such as "Notes Ltd <warnings@notes.example>"'
    if not text.isprintable():
        raise ValueError(wanted)
    try:
        Sender.parse(text)
    except ValueError as error:
        raise ValueError(f"{wanted}: {error}") from error
    return text


def dkim_keys(text: str) -> tuple[KeyPlace, ...]:
    """Return where keys are kept, of a list with commas between; the files are read when the service starts."""
    return tuple(KeyPlace.parse(each) for each in text.split(",") if each.strip())


def mailbox(text: str) -> str:
    """Return one plain address."""
    return plain_address(text)


def severities(text: str) -> frozenset[Severity]:
    """Return the severities of a list with commas between; "none" stands for an empty one."""
    names = [] if text.strip().lower() == "none" else [each.strip() for each in text.split(",") if each.strip()]
    known = {severity.value: severity for severity in Severity}
    if any(name not in known for name in names):
        raise ValueError(f"must be none, or some of {', '.join(known)} with commas between")
    return frozenset(known[name] for name in names)


def web_address(text: str) -> str:
    """Return an http or https address without its last slash."""
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise ValueError("must be an address such as https://warnings.notes.example")
    _ = parts.port
    return text.rstrip("/")


def secret(text: str) -> str:
    """Return a secret of a length that nobody guesses."""
    if len(text) < SECRET_LENGTH:
        raise ValueError(f"must have {SECRET_LENGTH} characters or more")
    if not text.isprintable():
        raise ValueError("must not hold control characters")
    return text


def admin_key(text: str) -> str:
    """Return a key that nobody guesses and that an Authorization header can carry."""
    if len(text) > _LONGEST_KEY or text != text.strip():
        raise ValueError(f"must have {_LONGEST_KEY} characters at most, and no space at either end")
    return secret(text)


def networks(text: str) -> tuple[Network, ...]:
    """Return the networks of a list with commas between."""
    return tuple(_network(each.strip()) for each in text.split(",") if each.strip())


def log_level(text: str) -> LogLevel:
    """Return the name of a log level."""
    for level in get_args(LogLevel):
        if text.lower() == level:
            return level  # type: ignore[no-any-return] # get_args() forgets that these are the literal's own names
    raise ValueError("must be debug, info, warning or error")


def number(text: str, least: int, most: int) -> int:
    """Return a whole number from `least` to `most`."""
    if not text.isascii() or not text.isdecimal() or not least <= int(text[:10]) <= most:
        raise ValueError(f"must be a whole number from {least} to {most}")
    return int(text)


def _network(text: str) -> Network:
    try:
        return ip_network(text)
    except ValueError:
        raise ValueError(f"{text!r} is no network such as 10.1.0.0/16 or fd00::/8") from None
