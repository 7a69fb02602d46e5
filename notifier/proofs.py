"""What became of one exposure, and how strongly it can be proved that its holder was told."""

from __future__ import annotations

from enum import StrEnum
from typing import Final, NamedTuple


class Proof(StrEnum):
    """The strongest sign that a recipient was told, from none to the strongest."""

    #: Nothing has reached the recipient.
    NOT_REACHED = "not_reached"
    #: The message had left when its connection broke: it may have arrived.
    IN_DOUBT = "in_doubt"
    #: The recipient's mail server, or ours on the way to it, has taken the message.
    ACCEPTED = "accepted"
    #: The mailbox's server said that it lies there (RFC 3464), or the recipient's own webhook took it.
    DELIVERED = "delivered"
    #: The recipient's app has fetched it to show it.
    SHOWN = "shown"
    #: The recipient has opened it.
    SEEN = "seen"
    #: The recipient has chosen a remedy.
    CHOSEN = "chosen"


#: A proof by its number in `ledger_lines`.
PROOFS: Final = tuple(Proof)


class Outcome(StrEnum):
    """What became of an exposure; each has exactly one."""

    #: Told before it had an affected version; most never take one.
    WARNED_BEFORE_INSTALL = "warned_before_install"
    #: Had an affected version first, told afterwards.
    WARNED_AFTER_INSTALL = "warned_after_install"
    #: Had an affected version and was never told.
    INSTALLED_UNWARNED = "installed_unwarned"
    #: Neither told, nor on an affected version yet.
    NOT_TOLD = "not_told"


class LedgerLine(NamedTuple):
    """What became of one exposure: a row of `ledger_lines`, in its order.

    A tuple, for there may be a million of them. Moments are instants, None: not so far.
    """

    install: str
    customer: str | None
    #: Whom its notices go to.
    recipient: int
    #: The version it has now.
    version: str
    #: What it is to the defect now; None: it is over.
    exposure: str | None
    #: When its holder said that the repair is done.
    repaired_at: str | None
    #: 1: its holder went ahead through a hold, knowingly.
    took_risk: int
    #: 1: there is a way to reach its holder.
    ways: int
    #: 1: the version it has now is affected.
    affected_now: int
    #: Into PROOFS: the strongest from before it first had an affected version, of what still held then.
    proof_before: int
    #: Into PROOFS: the strongest so far.
    proof: int
    #: 1: something was told at or after the moment when it first had an affected version.
    told_after: int
    #: When it first had an affected version.
    installed_at: str | None
    #: When it last changed its version.
    moved_at: str
    owed_at: str | None
    doubtful_at: str | None
    accepted_at: str | None
    delivered_at: str | None
    shown_at: str | None
    seen_at: str | None
    chosen_at: str | None

    @property
    def told_at(self) -> str | None:
        """When its holder was first told, or may have been."""
        told = self.accepted_at
        for sign in (self.shown_at, self.doubtful_at, self.seen_at):
            if sign is not None and (told is None or sign < told):
                told = sign
        return told

    @property
    def outcome(self) -> Outcome:
        """What became of it."""
        if self.installed_at is None:
            return Outcome.WARNED_BEFORE_INSTALL if self.proof else Outcome.NOT_TOLD
        if self.proof_before:
            return Outcome.WARNED_BEFORE_INSTALL
        return Outcome.WARNED_AFTER_INSTALL if self.told_after else Outcome.INSTALLED_UNWARNED

    @property
    def held_back(self) -> bool:
        """Whether it was told in time and is still on the version it had."""
        return self.installed_at is None and self.proof > 0 and self.moved_at <= (self.told_at or "")

    @property
    def moved_to_safe(self) -> bool:
        """Whether it was told in time and has gone to a version that is not affected."""
        return (
            self.outcome is Outcome.WARNED_BEFORE_INSTALL
            and not self.affected_now
            and self.moved_at > (self.told_at or "")
        )

    @property
    def unreachable(self) -> bool:
        """Whether it is exposed, was not told, and there is no way to tell its holder."""
        return self.exposure is not None and not self.proof and not self.ways

    @property
    def acted(self) -> bool:
        """Whether its holder was told and has acted: chose a remedy, repaired, or left for a safe version."""
        if not self.proof:
            return False
        left = not self.affected_now and self.moved_at > (self.told_at or "")
        return self.chosen_at is not None or self.repaired_at is not None or left
