"""What was acknowledged is there after the process died."""

from __future__ import annotations

import pytest

from storage import Database, Tx
from tests.storage.conftest import Start


@pytest.mark.parametrize("acknowledged", [1, 100, 2000])
async def test_nothing_acknowledged_is_lost_by_a_kill(store: Database, start: Start, acknowledged: int) -> None:
    process = start("write", store.url)
    assert process.stdout is not None
    notes = [process.stdout.readline().strip() for _ in range(acknowledged)]
    process.kill()
    notes += [line.strip() for line in process.stdout if line.endswith("\n")]
    process.wait()
    rows = await store.call(Tx.built, "SELECT id FROM notes", {})
    assert set(notes) <= {row["id"] for row in rows}
    assert "ok" in str((await store.facts())["integrity"]) or store.dialect == "postgresql"
