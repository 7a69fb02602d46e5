"""The settings of a process: from `raw_settings`, merged, and checked once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from commands import raw_settings, setting_values
from commands.raw_settings import Given, Raw, SettingsError
from commands.setting_values import LogLevel, Network
from feeds.rules import LIMITS
from notifier.mails.dkim_keys import KeyPlace
from risk import Severity

#: The second step: by name, each setting that was given anywhere.
Merged = Mapping[str, Given]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings, checked: the third step."""

    database: str
    host: str
    #: TCP port; 0: any free one.
    port: int
    #: Number of serving processes.
    workers: int
    #: None: mail waits.
    smtp: str | None
    #: One address with a display name, as a mail header holds it.
    mail_from: str
    #: What mails are signed with; empty: nothing.
    dkim_keys: tuple[KeyPlace, ...]
    #: A mailbox; None: mails come back to the sender.
    bounces_to: str | None
    repeat_in_doubt: frozenset[Severity]
    #: Without a slash at its end; None: as listened on.
    public_url: str | None
    #: None: the one kept in the database.
    secret: str | None
    #: None: only the keys in the database count.
    admin_key: str | None
    #: 1 or 2 people; None, here and in the next three: as it stands in the database.
    signatures_needed: int | None
    longest_pause_hours: int | None
    #: Hours; 0: never.
    escalate_after_hours: int | None
    #: Hours; 0: never.
    publish_after_hours: int | None
    #: Inside the house, but open to webhooks.
    allowed_networks: tuple[Network, ...]
    #: Counts below it are kept back from viewers; 0: none.
    small_audience: int
    #: MiB of the database file that each connection keeps.
    page_cache: int
    lease_seconds: int
    #: 0: for ever.
    keep_history_days: int
    #: 0: for ever.
    keep_checks_days: int
    #: 0: for ever.
    keep_installs_days: int
    log_level: LogLevel

    @property
    def rules(self) -> dict[str, int]:
        """The vendor's rules that are given, by name."""
        given = {name: getattr(self, name) for name in LIMITS}
        return {name: value for name, value in given.items() if value is not None}


def load(flags: Raw, environment: Mapping[str, str], config: Path | None = None) -> Settings:
    """Return the settings of the flags, the environment and the TOML file.

    The file is `config`, or else the one that FOREWARN_CONFIG names. Raises SettingsError with all faults.
    """
    named = environment.get(f"{raw_settings.PREFIX}CONFIG")
    return validate(merge(flags, environment, config or (Path(named) if named else None)))


def merge(flags: Raw, environment: Mapping[str, str], file: Path | None) -> Merged:
    """Return each setting's first text in the order flags, environment, file, defaults."""
    merged = dict(raw_settings.defaults())
    if file is not None:
        merged.update(raw_settings.in_file(file))
    merged.update(raw_settings.in_environment(environment))
    merged.update(raw_settings.in_flags(flags))
    return merged


def validate(merged: Merged) -> Settings:
    """Return the checked settings, or raise SettingsError with every value that is wrong."""
    checks = _checks()
    values: dict[str, Any] = {name: () if name in {"allowed_networks", "dkim_keys"} else None for name in checks}
    faults = []
    for name, given in merged.items():
        try:
            values[name] = checks[name](given.text)
        except ValueError as error:
            faults.append(f"{name} (from {given.origin}): {error}")
    if faults:
        raise SettingsError(*faults)
    return Settings(**values)


def _checks() -> Mapping[str, Callable[[str], object]]:
    """Return what turns the text of each setting into its value."""
    return {
        "database": setting_values.database_url,
        "host": setting_values.host,
        "port": setting_values.port,
        "workers": setting_values.workers,
        "smtp": setting_values.smtp_url,
        "mail_from": setting_values.sender,
        "dkim_keys": setting_values.dkim_keys,
        "bounces_to": setting_values.mailbox,
        "repeat_in_doubt": setting_values.severities,
        "public_url": setting_values.web_address,
        "secret": setting_values.secret,
        "admin_key": setting_values.admin_key,
        **{name: partial(setting_values.number, least=least, most=most) for name, (least, most) in LIMITS.items()},
        "allowed_networks": setting_values.networks,
        "small_audience": setting_values.small_audience,
        "page_cache": setting_values.page_cache,
        "lease_seconds": setting_values.lease_seconds,
        "keep_history_days": setting_values.days,
        "keep_checks_days": setting_values.days,
        "keep_installs_days": setting_values.days,
        "log_level": setting_values.log_level,
    }
