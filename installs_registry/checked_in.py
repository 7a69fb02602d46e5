"""What a check-in has done."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from installs_registry.installed import Installed
from risk import Value


class CheckedIn(msgspec.Struct, frozen=True):
    """An install before and after its check-in."""

    #: None: the install was not known.
    before: Installed | None
    after: Installed
    #: What changed of the install itself, by column.
    columns: Mapping[str, Any]
    #: What changed of its footprint; None: the fact is absent now.
    values: Mapping[str, Value | None]

    @property
    def install_no(self) -> int:
        """The install's number."""
        return self.after.no

    @property
    def recipient(self) -> int:
        """Whom its notices go to from now on."""
        return self.after.recipient

    @property
    def left(self) -> int | None:
        """Whom its notices went to before, where they go to another now; None: that is as it was."""
        return None if self.before is None or self.before.recipient == self.recipient else self.before.recipient

    @property
    def changed(self) -> bool:
        """Anything but the time it was last seen."""
        return self.before is None or bool(self.columns or self.values)

    @property
    def is_written(self) -> bool:
        """Whether the time it was last seen is stored already, beside what changed of the install."""
        return self.before is None or bool(self.columns)
