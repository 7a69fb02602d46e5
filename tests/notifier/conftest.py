"""The stage that the notifier's tests play on."""

from __future__ import annotations

import pytest

from storage import Database
from tests.notifier.stage import Stage


@pytest.fixture
async def stage(database: Database) -> Stage:
    """A vendor of one product on each kind of database."""
    stage = Stage(database)
    await stage.set_up()
    return stage
