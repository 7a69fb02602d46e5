"""A mail server and a postman for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from notifier.delivery.worker import Postman
from tests.notifier.post_office import PostOffice, a_postman, open_post_office
from tests.notifier.stage import Stage


@pytest.fixture
async def office() -> AsyncIterator[PostOffice]:
    async with open_post_office() as office:
        yield office


@pytest.fixture
async def postman(stage: Stage, office: PostOffice) -> AsyncIterator[Postman]:
    postman = a_postman(stage, office)
    yield postman
    await postman.close()
