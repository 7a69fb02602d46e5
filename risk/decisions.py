"""Severity, exposure, and the decision that the two make."""

from __future__ import annotations

from enum import StrEnum


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
    if exposure not in (Exposure.AT_RISK, Exposure.CANNOT_TELL) or severity is Severity.COSMETIC:
        return Decision.PROCEED
    if severity is Severity.DEGRADED or (severity is Severity.OUTAGE and exposure is Exposure.CANNOT_TELL):
        return Decision.CAUTION
    return Decision.HOLD
