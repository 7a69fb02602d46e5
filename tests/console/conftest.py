"""The pages over a real database, and somebody to look at them."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from storage import Database, open_database
from tests.console.house import House, Serve, a_house


@pytest.fixture
async def house(aiohttp_client: Serve, migrated_sqlite_url: str) -> AsyncIterator[House]:
    """The pages on SQLite, for what no database can change."""
    database = open_database(migrated_sqlite_url)
    yield await a_house(aiohttp_client, database)
    await database.close()


@pytest.fixture
async def each_house(aiohttp_client: Serve, database: Database) -> House:
    """The pages on each of the databases."""
    return await a_house(aiohttp_client, database)
