"""`forewarn mail`: the keys that mails are signed with, and what the DNS must say of them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Annotated

from cyclopts import Parameter

from commands.printing import print_line, tell
from commands.settings import Settings
from notifier.mails.build import Sender
from notifier.mails.dkim_keys import BadKey, DkimKey, KeyKind, KeyPlace, make_key, record_strings, written_key
from storage.outcomes import Invalid

#: What was looked at, what was found, and whether it is good.
Looked = tuple[str, str, bool]

_OTHERS_MAY_READ = 0o077


def dkim_key(
    place: Annotated[str, Parameter(help="SELECTOR._domainkey.DOMAIN=FILE, as the setting dkim_keys has it.")],
    /,
    *,
    kind: Annotated[KeyKind, Parameter(help="What to make. Sign with an rsa key in any case.")] = KeyKind.RSA,
) -> None:
    """Make a key, write it to FILE for your eyes only, and print the DNS record that belongs to it."""
    where = _place(place)
    key = DkimKey(where.selector, where.domain, make_key(kind))
    # Refuses a file that is there: a key that is in use must not be lost.
    with os.fdopen(os.open(where.file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(written_key(key.private))
    tell(f"wrote {where.file}; publish this record, then give the setting dkim_keys: {where.name}={where.file}")
    print_line(zone_line(where, key))


def dkim_record(
    place: Annotated[str, Parameter(help="SELECTOR._domainkey.DOMAIN=FILE, as the setting dkim_keys has it.")],
    /,
) -> None:
    """Print the DNS record of a key."""
    where = _place(place)
    try:
        print_line(zone_line(where, DkimKey.load(where)))
    except BadKey as error:
        raise Invalid.at("", str(error)) from error


def zone_line(place: KeyPlace, key: DkimKey) -> str:
    """Return a key's record as a line of a zone file: names, type, and the text in strings of 255 characters."""
    strings = " ".join(f'"{each}"' for each in record_strings(key.record()))
    return f"{place.name}. IN TXT ( {strings} )"


def looked_over(settings: Settings) -> Iterator[Looked]:
    """Yield what can be told of the keys without asking the DNS."""
    sender = Sender.parse(settings.mail_from).domain
    for place in settings.dkim_keys:
        yield _looked_over(place, sender)
    if not settings.dkim_keys:
        yield ("dkim", "mails are not signed by us; the mail server may do it", True)


def _looked_over(place: KeyPlace, sender: str) -> Looked:
    what = f"dkim {place.name}"
    try:
        key = DkimKey.load(place)
        mode = place.file.stat().st_mode
    except OSError as error:
        return (what, f"{place.file}: {error.strerror}", False)
    except BadKey as error:
        return (what, str(error), False)
    if mode & _OTHERS_MAY_READ:
        return (what, f"others may read {place.file}: chmod 600", False)
    if not _aligned(place.domain, sender):
        return (what, f"signs for {place.domain}, but mails are from {sender}: DMARC would not count it", False)
    return (what, f"the DNS must say {zone_line(place, key)}", True)


def _aligned(domain: str, sender: str) -> bool:
    """Tell whether one of two domains holds the other, as DMARC asks where nothing else is said (RFC 7489, 3.1.1)."""
    one, other = domain.lower(), sender.lower()
    return one == other or one.endswith(f".{other}") or other.endswith(f".{one}")


def _place(text: str) -> KeyPlace:
    try:
        return KeyPlace.parse(text)
    except ValueError as error:
        raise Invalid.at("", f"{error}, such as w1._domainkey.notes.example=/etc/forewarn/w1.pem.") from error
