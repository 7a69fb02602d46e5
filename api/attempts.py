"""How many wrong claim codes one key may send: a code cannot be guessed, and nobody gets to try."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from api.problems import Kind, Problem
from storage.outcomes import Invalid

#: Wrong codes that one key may send within `WITHIN`, in each process.
MOST: Final = 300
WITHIN: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Attempts:
    """Wrong codes of late, by the id of the key that sent them."""

    _wrong: dict[str, deque[datetime]] = field(default_factory=dict)

    @contextmanager
    def counted(self, key_id: str, now: datetime) -> Iterator[None]:
        """Count what is refused at /claim inside. Raises Problem (429) where there was too much of that."""
        wrong = self._wrong.setdefault(key_id, deque(maxlen=MOST))
        while wrong and wrong[0] <= now - WITHIN:
            wrong.popleft()
        if len(wrong) == MOST:
            seconds = str(int(WITHIN.total_seconds()))
            raise Problem(Kind.TOO_MANY_REQUESTS, "Too many wrong codes came.", headers={"Retry-After": seconds})
        try:
            yield
        except Invalid as refusal:
            if any(fault.at == "/claim" for fault in refusal.faults):
                wrong.append(now)
            raise
