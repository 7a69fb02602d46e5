"""What came out of an incident: one line of the table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

#: An answer of the service: counted exposures, or the ledger.
Counts = Mapping[str, Any]


@dataclass(slots=True)
class Result:
    """Numbers of one publication; they fill up as the story goes on."""

    name: str
    #: The audience as it was counted before publishing.
    audience: Counts
    #: Mails by the kind of their notice.
    mails: dict[str, int] = field(default_factory=dict)
    #: From filing until the last mail of the publication was caught.
    until_told: timedelta | None = None
    #: The defect's ledger in the end; None: a later publication of the same defect shows it.
    ledger: Counts | None = None
    #: What became of the fault, in a few words.
    end: str = ""
