"""Severity, exposure, and the decision that the two make."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Severity(StrEnum):
    """How bad a defect is, gravest first."""

    DATA_LOSS = "data-loss"
    DATA_CORRUPTION = "data-corruption"
    OUTAGE = "outage"
    DEGRADED = "degraded"
    COSMETIC = "cosmetic"


class Exposure(StrEnum):
    """How an install stands to a defect; nothing (None) is the fifth case."""

    #: not on an affected version, which an upgrade would put it on, and its facts match
    AT_RISK = "at_risk"
    #: the same, but a fact is missing, or the place of its version
    CANNOT_TELL = "cannot_tell"
    #: on an affected version, and its facts do not miss
    ALREADY_UPGRADED = "already_upgraded"
    #: was on an affected version with matching facts, has left it, and what was damaged is to be repaired
    REPAIR_OWED = "repair_owed"


class Decision(StrEnum):
    """What the client app should do, gravest first."""

    HOLD = "hold"
    CAUTION = "caution"
    PROCEED = "proceed"


def decide(severity: Severity, exposure: Exposure) -> Decision:
    """Return what a finding makes of the verdict; what has happened already, and a repair, decide nothing."""
    if exposure is Exposure.AT_RISK:
        return _AT_RISK[severity]
    if exposure is Exposure.CANNOT_TELL:
        return Decision.CAUTION if severity is Severity.OUTAGE else _AT_RISK[severity]
    return Decision.PROCEED


_AT_RISK: Final[Mapping[Severity, Decision]] = MappingProxyType(
    {
        Severity.DATA_LOSS: Decision.HOLD,
        Severity.DATA_CORRUPTION: Decision.HOLD,
        Severity.OUTAGE: Decision.HOLD,
        Severity.DEGRADED: Decision.CAUTION,
        Severity.COSMETIC: Decision.PROCEED,
    }
)
