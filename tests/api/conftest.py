"""The real application over a real database, and somebody to ask it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from storage import Database, open_database
from tests.api.house import Client, House, a_house
from tests.api.shop import a_shop
from tests.conftest import FakeClock

Serve = Callable[..., Awaitable[Client]]


@pytest.fixture
async def house(aiohttp_client: Serve, migrated_sqlite_url: str, clock: FakeClock) -> AsyncIterator[House]:
    """The application on SQLite, for what no database can change."""
    database = open_database(migrated_sqlite_url)
    yield await a_house(aiohttp_client, database, clock)
    await database.close()


@pytest.fixture
async def each_house(aiohttp_client: Serve, database: Database, clock: FakeClock) -> House:
    """The application on each of the databases."""
    return await a_house(aiohttp_client, database, clock)


@pytest.fixture
async def shop(house: House) -> House:
    """A product with facts of every type, releases and a defect, on SQLite, whose one writer can be held up."""
    return await a_shop(house)


@pytest.fixture
async def each_shop(each_house: House) -> House:
    """The same on each of the databases."""
    return await a_shop(each_house)
