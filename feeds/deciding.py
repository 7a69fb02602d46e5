"""The acts that may take two people: may it be, have enough signed, then do it, in one transaction.

Each returns what is still missing as `pending`, None where the act is done.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from storage import Tx

from . import holds, store
from .checking import Declared
from .defects import Defect
from .life import Act, step
from .signatures import Signed, sign
from .texts import refuse_reason
from .types import Pending


@dataclass(frozen=True, slots=True)
class Decided:
    """What became of an act."""

    #: As it is now: unchanged while the act is pending.
    defect: Defect
    pending: Pending | None = None


@dataclass(frozen=True, slots=True)
class Decider:
    """A person who acts on a defect of a product, at a moment."""

    person: str
    now: datetime
    product: Declared

    def publish(self, tx: Tx, defect: Defect) -> Decided:
        """Make the draft, or the proposed revision, the live one; one person unless it narrows."""
        store.proposal(defect)
        signed = self._sign(tx, defect, Act.PUBLISH, {})
        if not signed.done:
            return _pending(defect, signed)
        return Decided(store.publish(tx, defect, self.product, self.now))

    def resolve(self, tx: Tx, defect: Defect, fixed_in: str) -> Decided:
        """Name the release that no longer has the defect; raises Invalid where it cannot be that."""
        store.resolved_report(defect, self.product, fixed_in)
        signed = self._sign(tx, defect, Act.RESOLVE, {"fixed_in": fixed_in})
        if not signed.done:
            return _pending(defect, signed)
        return Decided(store.resolve(tx, defect, self.product, fixed_in, self.now))

    def withdraw(self, tx: Tx, defect: Defect, reason: str) -> Decided:
        """Take the defect back, with the reason."""
        refuse_reason(reason)
        signed = self._sign(tx, defect, Act.WITHDRAW, {"reason": reason})
        if not signed.done:
            return _pending(defect, signed)
        return Decided(store.withdraw(tx, defect, self.product, reason, self.now))

    def resume(self, tx: Tx, defect: Defect) -> Decided:
        """End the pauses that stand before their time; a pause put after a signature is not covered by it."""
        step(defect.state, Act.RESUME)
        signed = self._sign(tx, defect, Act.RESUME, holds.pauses(tx, defect, self.now))
        if not signed.done:
            return _pending(defect, signed)
        holds.resume(tx, defect, self.product, self.now)
        return Decided(defect)

    def _sign(self, tx: Tx, defect: Defect, act: Act, terms: Mapping[str, object]) -> Signed:
        return sign(tx, defect, act, terms, self.person, self.now, scheme=self.product.vocabulary.scheme)


def _pending(defect: Defect, signed: Signed) -> Decided:
    return Decided(defect, Pending(signed.act, signed.signed_by, signed.needs))
