"""What every package's tests may ask for: databases of both kinds, a clock that is set by hand, shared data."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import partialmethod
from importlib.util import find_spec
from pathlib import Path
from types import CodeType

import pytest
import structlog
from hypothesis import settings
from jinja2 import BytecodeCache, Environment
from jinja2.bccache import Bucket

from installs_registry.fleet.changes import fleet_changes
from storage import Database, load_migrations, open_database
from tests.postgresql_copies import Copies
from tests.postgresql_server import Server, running_server

ROOT = Path(__file__).parents[1]

#: Those whose tables make up the schema, where they are there.
PACKAGES = ("installs_registry", "feeds", "notifier", "api", "commands", "console")

# Shared machines pause at will, so no test has a deadline; CI tries the same examples each time.
settings.register_profile("default", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "default")

# The tests start our programs some hundred times, which are compiled once, whatever the environment says of that.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False


class FakeClock:
    """A clock that stands still until it is told."""

    def __init__(self, moment: datetime) -> None:
        self.moment = moment

    def now(self) -> datetime:
        return self.moment

    def advance(self, by: timedelta) -> None:
        self.moment += by


class CompiledTemplates(BytecodeCache):
    """Templates that were compiled before, by any environment of this process."""

    def __init__(self) -> None:
        self._codes: dict[tuple[str, str], CodeType] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._codes.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        assert bucket.code is not None
        self._codes[bucket.key, bucket.checksum] = bucket.code


@pytest.fixture(scope="session", autouse=True)
def each_template_is_compiled_once() -> Iterator[None]:
    """Each test's application has an environment of its own, which would compile the same templates anew."""
    with pytest.MonkeyPatch.context() as patch:
        made = partialmethod(Environment.__init__, bytecode_cache=CompiledTemplates())
        patch.setattr(Environment, "__init__", made)
        yield


@pytest.fixture(scope="session", autouse=True)
def what_goes_wrong_is_logged_in_plain_text() -> None:
    """Left to itself, structlog draws each traceback with all variables in it, which takes ten seconds for some."""
    *others, _ = structlog.get_config()["processors"]
    plain = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(processors=[*others, plain])


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(datetime(2026, 1, 1, 12, tzinfo=UTC))


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of the shared data."""
    folder = Path(os.environ.get("FOREWARN_DATA") or ROOT.parent / "shared" / "data")
    if not folder.is_dir():
        pytest.skip(f"no shared data at {folder}: set FOREWARN_DATA")
    return folder


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[Server]:
    with running_server() as server:
        yield server


@pytest.fixture(scope="session")
def postgresql_template(postgresql_server: Server) -> str:
    """The name of a database with the whole schema."""
    name = postgresql_server.create()
    migrate(postgresql_server.url(name))
    return name


@pytest.fixture(scope="session")
def postgresql_copies(postgresql_server: Server, postgresql_template: str) -> Iterator[Copies]:
    with closing(Copies(postgresql_server, postgresql_template)) as copies:
        yield copies


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with the whole schema."""
    path = tmp_path_factory.mktemp("template") / "template.db"
    migrate(f"sqlite:///{path}")
    return path


def migrate(url: str) -> None:
    """Bring the database at `url` up to date, on an event loop of its own."""

    async def migrated() -> None:
        database = open_database(url)
        try:
            written = load_migrations(*filter(find_spec, PACKAGES))
            await database.migrate(sorted((*written, fleet_changes()), key=lambda migration: migration.number))
        finally:
            await database.close()

    asyncio.run(migrated())


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """An address without a file."""
    return f"sqlite:///{tmp_path}/empty.db"


@pytest.fixture
def postgresql_url(postgresql_server: Server) -> Iterator[str]:
    """An empty database."""
    name = postgresql_server.create()
    yield postgresql_server.url(name)
    postgresql_server.drop(name)


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest) -> str:
    """An empty database of each kind."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
def migrated_sqlite_url(tmp_path: Path, sqlite_template: Path) -> str:
    path = tmp_path / "forewarn.db"
    shutil.copy(sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture
def migrated_postgresql_url(postgresql_server: Server, postgresql_copies: Copies) -> Iterator[str]:
    name = postgresql_copies.take()
    yield postgresql_server.url(name)
    postgresql_copies.give_back(name)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """A database of each kind with the whole schema; nobody has it open."""
    url: str = request.getfixturevalue(f"migrated_{request.param}_url")
    return url


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """An open database of each kind with the whole schema."""
    opened = open_database(database_url)
    yield opened
    await opened.close()


@pytest.fixture
async def empty_database(empty_url: str) -> AsyncIterator[Database]:
    """An open database of each kind without any table."""
    opened = open_database(empty_url)
    yield opened
    await opened.close()
