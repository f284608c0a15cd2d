"""Real servers for the tests that name them: PostgreSQL, Redis, and ours in front of both.

Those of DATABASE_URL and REDIS_URL are used where these are set; otherwise embedded ones are started for the session.
"""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
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
def server(database_url: str, redis_url: str, tmp_path: Path) -> Iterator[Server]:
    """Our server, ready, with a development key that may do everything."""
    environment = {"DATABASE_URL": database_url, "REDIS_URL": redis_url, "TRACEGRAPH_DATA_DIR": str(tmp_path)}
    ours = Server(environment, key="tg_dev_" + secrets.token_hex(24), log=tmp_path / "server.log")
    ours.start()
    yield ours
    if ours.is_running():
        ours.stop()
    ours.kill()
