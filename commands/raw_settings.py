"""The first step of the settings: what was given in each place, as texts, nothing checked.

The places are the flags, the `FOREWARN_…` variables, the TOML file, and the defaults.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from cyclopts import Parameter

#: What the environment variables of the settings begin with.
PREFIX = "FOREWARN_"


def _setting(meaning: str, default: str | None = None) -> Any:  # noqa: ANN401 - stands where dataclasses.field() stands
    """Return the field of one setting: None unless given, described for `--help` and for docs/settings.md."""
    told = meaning if default is None else f"{meaning} Default: {default}."
    # The command line lets pydantic look at the fields wherever a program has imported it, and pydantic takes a
    # `default` in the metadata for its own.
    return field(default=None, metadata={"help": told, "meaning": meaning, "unless_given": default})


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class Raw:
    """The settings as given in one place; None where not given there."""

    database: str | None = _setting(
        "Where everything is kept: sqlite:///PATH or postgresql://USER:PASSWORD@HOST/NAME.",
        "sqlite:///forewarn.db",
    )
    host: str | None = _setting("The address to listen on.", "127.0.0.1")
    port: str | None = _setting("The TCP port to listen on, 1 to 65535; 0 takes a free one.", "8080")
    workers: str | None = _setting("How many processes serve side by side, 1 to 64.", "1")
    smtp: str | None = _setting(
        "The mail server: smtp://USER:PASSWORD@HOST:PORT, or smtps:// for TLS from the start; "
        "USER:PASSWORD@ may be left out. mx://OWN.NAME sends without one, to the servers that the DNS names. "
        "Without a mail server, mail waits."
    )
    mail_from: str | None = _setting(
        'The sender of the warnings, as the customers know it: "Name <address>".',
        "Forewarn <forewarn@localhost>",
    )
    dkim_keys: str | None = _setting(
        "What mails are signed with: SELECTOR._domainkey.DOMAIN=FILE, with commas between. "
        "An RSA key and an Ed25519 key make a signature each. Left out, mails are not signed by us."
    )
    bounces_to: str | None = _setting(
        "The mailbox to which mails come back that could not be delivered: bounces@notes.example. What stands behind "
        "a + before the @ must come to the same mailbox. Left out, they come back to the sender."
    )
    repeat_in_doubt: str | None = _setting(
        "The severities of which a mail is sent again, under the same Message-ID, where nobody knows whether it "
        "arrived; with commas between, or none.",
        "data-loss, data-corruption",
    )
    public_url: str | None = _setting(
        "The address under which customers reach the service, for the links in mails. "
        "Left out, it is http://HOST:PORT as listened on."
    )
    secret: str | None = _setting(
        "What the links in mails are signed with, 32 characters or more. "
        "Left out, one is made at the first start and kept in the database."
    )
    admin_key: str | None = _setting(
        "An admin key, 32 characters or more. Left out, the first start makes one and prints it once. "
        "Better given as a variable than as a flag: flags can be read by other users of the machine."
    )
    signatures_needed: str | None = _setting(
        "How many people must sign what makes a warning smaller (to narrow, resolve, withdraw, or resume): "
        "2, or 1 for a vendor of one person. Left out, it stays as it is: 2 in a new database. "
        "From 2 to 1 it takes effect once a person says the same: forewarn sign-off --people 1."
    )
    longest_pause_hours: str | None = _setting(
        "Hours that a pause may last, 1 to 168; a warning of lost or damaged data is paused for so long in all. "
        "Left out, it stays as it is: 24 in a new database."
    )
    escalate_after_hours: str | None = _setting(
        "Hours after which the approvers are told by mail that nobody has decided on a data-loss draft; 0: never. "
        "Left out, it stays as it is: 24 in a new database."
    )
    publish_after_hours: str | None = _setting(
        "Hours after that mail when such a draft is published by itself; 0: never. "
        "Left out, it stays as it is: 0 in a new database."
    )
    allowed_networks: str | None = _setting(
        "Networks inside the house that webhooks may call, such as 10.1.0.0/16, with commas between."
    )
    small_audience: str | None = _setting(
        "A count of an audience below this is kept back from viewers, and shown as fewer than this, 0 to 1000; "
        "0 keeps nothing back.",
        "5",
    )
    page_cache: str | None = _setting(
        "MiB of an SQLite file's pages that each connection keeps in memory, 1 to 4096; a process has up to five. They "
        "fill as the file grows: less on a small machine, and an audience takes longer. PostgreSQL keeps its own.",
        "64",
    )
    lease_seconds: str | None = _setting(
        "Seconds after which the deliveries that a dead process had in hand are taken up by another, 2 to 45. "
        "A living process keeps what it has in hand.",
        "45",
    )
    keep_history_days: str | None = _setting(
        "Days for which the history of installs is kept: when they had which version, when which facts changed; "
        "0: for ever. The first time of each version, which repairs and the ledger need, stays as long as the install.",
        "730",
    )
    keep_checks_days: str | None = _setting(
        "Days for which it is kept that an install asked before an upgrade, and what it was told; 0: for ever.", "730"
    )
    keep_installs_days: str | None = _setting(
        "Days after which an install that was not seen is forgotten, with all that is known of it; 0: never. "
        "An install that is forgotten is warned of nothing until it is seen again.",
        "0",
    )
    log_level: str | None = _setting("The least grave log line to write: debug, info, warning or error.", "info")


@dataclass(frozen=True, slots=True)
class Given:
    """The text of one setting and the place it came from."""

    text: str
    #: For people: "--port", "FOREWARN_PORT", "port in forewarn.toml", "the default".
    origin: str


class SettingsError(ValueError):
    """Some settings are wrong; the text has one line for each, with its name and where it came from."""

    def __init__(self, *faults: str) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


def names() -> tuple[str, ...]:
    """Return the name of every setting, as the TOML file has it."""
    return tuple(each.name for each in fields(Raw))


def flag(name: str) -> str:
    """Return the flag of a setting."""
    return "--" + name.replace("_", "-")


def variable(name: str) -> str:
    """Return the environment variable of a setting."""
    return PREFIX + name.upper()


def in_flags(flags: Raw) -> Iterator[tuple[str, Given]]:
    """Yield the settings given as flags."""
    for name in names():
        text = getattr(flags, name)
        if text is not None:
            yield name, Given(text, flag(name))


def in_environment(environment: Mapping[str, str]) -> Iterator[tuple[str, Given]]:
    """Yield the variables that are set and not empty; raises SettingsError for a slip of the pen."""
    known = {variable(name): name for name in (*names(), "config")}
    for key, text in environment.items():
        if key in known and text and known[key] != "config":
            yield known[key], Given(text, key)
        elif key.startswith(PREFIX) and key not in known:
            _refuse_a_slip(key, known)


def in_file(path: Path) -> Iterator[tuple[str, Given]]:
    """Yield the settings of a TOML file. Raises SettingsError where it cannot be read or is wrong."""
    for key, value in _toml(path).items():
        if key not in names():
            raise SettingsError(f"{key} in {path} is no setting{_meant(key, names())}")
        yield key, Given(_as_text(value), f"{key} in {path}")


def defaults() -> Iterator[tuple[str, Given]]:
    """Yield the settings that have a default."""
    for each in fields(Raw):
        if each.metadata["unless_given"] is not None:
            yield each.name, Given(each.metadata["unless_given"], "the default")


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} is not TOML: {error}") from error


def _as_text(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return str(value)


def _refuse_a_slip(key: str, known: Mapping[str, str]) -> None:
    """Raise SettingsError where a variable is nearly that of a setting; others may share the prefix."""
    meant = _meant(key.removeprefix(PREFIX), [each.removeprefix(PREFIX) for each in known])
    if meant:
        raise SettingsError(f"{key} is no setting{meant.replace('mean ', f'mean {PREFIX}')}")


def _meant(key: str, known: list[str] | tuple[str, ...]) -> str:
    close = difflib.get_close_matches(key, known, n=1, cutoff=0.75)
    return f"; did you mean {close[0]}?" if close else ""
