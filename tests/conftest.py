"""Real servers for the tests that name them: PostgreSQL, Redis, and ours in front of both.

Those of DATABASE_URL and REDIS_URL are used where these are set; otherwise embedded ones are started for the session.
"""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio

from models.migration import migrate
from scripts.embedded import Postgres, Redis, start_postgres, start_redis
from tests.databases import cloned_database, empty_redis, name_of
from tests.servers import Server

# Nothing here has to survive a loss of power. Tests that kill PostgreSQL start one of their own, with fsync.
HASTY = {"fsync": "off", "full_page_writes": "off"}
NO_SETTINGS: Mapping[str, str] = {}


@dataclass(frozen=True, kw_only=True)
class NamedServer:
    """A server that was there before the tests."""

    url: str


@contextmanager
def _folder() -> Iterator[Path]:
    """A folder for embedded servers, open to the user that PostgreSQL runs as; those of pytest are not."""
    folder = Path(tempfile.mkdtemp(prefix="tracegraph-"))
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


@pytest.fixture
def data_folder() -> Iterator[Path]:
    """A data folder for a test that starts embedded servers of its own."""
    with _folder() as folder:
        yield folder


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres | NamedServer]:
    """A PostgreSQL server on which we may make databases."""
    if url := os.environ.get("DATABASE_URL"):
        yield NamedServer(url=url)
        return
    with _folder() as folder:
        server = start_postgres(folder, HASTY)
        yield server
        server.stop()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def template_database(postgres: Postgres | NamedServer) -> AsyncIterator[str]:
    """The name of a migrated, otherwise empty database to clone."""
    async with cloned_database(postgres.url) as url:
        await migrate(url)
        yield name_of(url)


@pytest.fixture
async def database_url(postgres: Postgres | NamedServer, template_database: str) -> AsyncIterator[str]:
    """A migrated, otherwise empty database of the test's own."""
    async with cloned_database(postgres.url, template_database) as url:
        yield url


@pytest.fixture(scope="session")
def redis_server() -> Iterator[Redis | NamedServer]:
    """A Redis server."""
    if url := os.environ.get("REDIS_URL"):
        yield NamedServer(url=url)
        return
    with _folder() as folder:
        server = start_redis(folder)
        yield server
        server.stop()


@pytest.fixture
def redis_url(redis_server: Redis | NamedServer) -> Iterator[str]:
    """An empty Redis database of the test's own."""
    with empty_redis(redis_server.url) as url:
        yield url


@pytest.fixture
def server_settings() -> dict[str, str]:
    """Settings of `server`, for a test that wants others than there are by default."""
    return {}


@pytest.fixture
def server(database_url: str, redis_url: str, tmp_path: Path, server_settings: Mapping[str, str]) -> Iterator[Server]:
    """Our server, ready, with a development key that may do everything, and the test's own: it may be killed."""
    ours = _server(database_url, redis_url, tmp_path, server_settings)
    ours.start()
    yield ours
    if ours.is_running():
        ours.stop()
    ours.kill()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shared_database(postgres: Postgres | NamedServer, template_database: str) -> AsyncIterator[str]:
    """The database of the server that tests share."""
    async with cloned_database(postgres.url, template_database) as url:
        yield url


@pytest.fixture(scope="session")
def shared_server(
    shared_database: str, redis_server: Redis | NamedServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """Our server for all tests that look only at what they wrote themselves; starting one takes longer than these do.

    It has to take everything without a failure, and ends well when it is told to.
    """
    folder = tmp_path_factory.mktemp("shared")
    with empty_redis(redis_server.url) as redis_url:
        ours = _server(shared_database, redis_url, folder)
        ours.start()
        yield ours
        status = ours.stop()

    assert status == 0
    assert "operation failed" not in ours.log.read_text()


def _server(database_url: str, redis_url: str, folder: Path, settings: Mapping[str, str] = NO_SETTINGS) -> Server:
    environment = {"DATABASE_URL": database_url, "REDIS_URL": redis_url, "TRACEGRAPH_DATA_DIR": str(folder), **settings}
    return Server(environment, key="tg_dev_" + secrets.token_hex(24), log=folder / "server.log")
