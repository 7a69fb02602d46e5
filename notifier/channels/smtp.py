"""Where mail is handed over, as its URL says."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Self
from urllib.parse import parse_qs, unquote, urlsplit

_STARTTLS = {"always": True, "never": False, "offered": None}


@dataclass(frozen=True, slots=True, kw_only=True)
class MailServer:
    """Where mail is handed over."""

    host: str
    port: int
    #: TLS from the first byte.
    tls: bool = False
    #: True: STARTTLS or nothing; False: never; None: where the server offers it.
    starttls: bool | None = None
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    #: There is no relay: mail goes to the servers that the DNS names for each recipient's domain.
    is_direct: bool = False
    #: By which this machine greets; None: as it finds out itself.
    own_name: str | None = None

    @classmethod
    def parse(cls, url: str) -> Self:
        """Return the server of smtp://USER:PASSWORD@HOST:PORT?starttls=always|never|offered or smtps://….

        Where a password is sent, STARTTLS is asked for unless the URL says otherwise. mx://OURS, with the name by which
        this machine greets, stands for the servers that the DNS names. Raises ValueError.
        """
        parts = urlsplit(url)
        wish = parse_qs(parts.query, strict_parsing=bool(parts.query)).pop("starttls", [None])[-1]
        if (
            parts.scheme not in {"smtp", "smtps", "mx"}
            or (parts.scheme == "mx" and parts.username)
            or not parts.hostname
            or (wish and wish not in _STARTTLS)
        ):
            raise ValueError(
                "a mail server is smtp://HOST:PORT or smtps://HOST:PORT, ?starttls=always, never or offered"
            )
        tls = parts.scheme == "smtps"
        return cls(
            host=parts.hostname,
            port=parts.port or (465 if tls else 25),
            tls=tls,
            starttls=False if tls else _STARTTLS[wish] if wish else (True if parts.username else None),
            user=unquote(parts.username) if parts.username else None,
            password=unquote(parts.password) if parts.password else None,
            is_direct=parts.scheme == "mx",
            own_name=parts.hostname if parts.scheme == "mx" else None,
        )
