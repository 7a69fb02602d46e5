"""Watching which statements are carried out, so that work can be compared."""

from __future__ import annotations

from typing import Any

import pytest

from storage import Tx

#: What the background does whenever something was committed.
OF_THE_BACKGROUND = {"begin", "current_keys", "latest_publications"}


def watched(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the names of the statements that are carried out from now on, in their order."""
    names: list[str] = []
    guarded = Tx._guarded  # noqa: SLF001 - the one door that every statement goes through

    def noting(tx: Tx, name: str, *rest: Any, **more: Any) -> Any:
        if name not in OF_THE_BACKGROUND:
            names.append(name)
        return guarded(tx, name, *rest, **more)

    monkeypatch.setattr(Tx, "_guarded", noting)
    return names
