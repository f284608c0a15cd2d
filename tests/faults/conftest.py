"""Servers to be harmed: a PostgreSQL with fsync, a Redis, and ours in front of both, all of them for the session."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from models.migration import migrate
from scripts.embedded import Postgres, Redis, start_postgres, start_redis
from tests.databases import cloned_database, name_of
from tests.faults.scene import Scene, in_front, open_scene
from tests.servers import Server

# What is committed without waiting for the disk stays in memory for long, so that sabotage shows. Commits that do
# wait, as ours should, are none the slower.
OPTIONS = {"max_connections": "30", "wal_writer_delay": "10s", "wal_writer_flush_after": "1GB"}


@pytest.fixture(scope="session")
def fault_folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="tracegraph-faults-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def doomed_postgres(fault_folder: Path) -> Iterator[Postgres]:
    server = start_postgres(fault_folder, OPTIONS)
    yield server
    server.stop()


@pytest.fixture(scope="session")
def doomed_redis(fault_folder: Path) -> Iterator[Redis]:
    server = start_redis(fault_folder)
    yield server
    server.stop()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def doomed_template(doomed_postgres: Postgres) -> AsyncIterator[str]:
    async with cloned_database(doomed_postgres.url) as url:
        await migrate(url)
        yield name_of(url)


@pytest.fixture
async def doomed_url(doomed_postgres: Postgres, doomed_template: str) -> AsyncIterator[str]:
    """A migrated, otherwise empty database."""
    async with cloned_database(doomed_postgres.url, doomed_template) as url:
        yield url
        doomed_postgres.start()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def doomed_server(
    doomed_postgres: Postgres, doomed_redis: Redis, doomed_template: str, fault_folder: Path
) -> AsyncIterator[Server]:
    """Ours, in front of a database that all tests share: whatever they do to it, it goes on."""
    async with cloned_database(doomed_postgres.url, doomed_template) as url:
        server = in_front(url, doomed_redis, fault_folder)
        server.start()
        yield server
        server.stop()


@pytest.fixture
async def scene(
    doomed_postgres: Postgres, doomed_redis: Redis, doomed_server: Server, tmp_path: Path
) -> AsyncIterator[Scene]:
    """Everything that takes part in a fault, up and ready, and well again afterwards."""
    async with open_scene(doomed_postgres, doomed_redis, doomed_server, tmp_path) as opened:
        yield opened
        for program in (doomed_postgres, doomed_redis):
            program.thaw()
            program.start()
        if not doomed_server.is_running():
            doomed_server.start()


@pytest.fixture
async def crew(doomed_postgres: Postgres, doomed_redis: Redis, doomed_url: str, tmp_path: Path) -> AsyncIterator[Scene]:
    """Two workers behind one port, in front of a database of their own."""
    server = in_front(doomed_url, doomed_redis, tmp_path, options=["--workers", "2"])
    server.start()
    async with open_scene(doomed_postgres, doomed_redis, server, tmp_path) as scene:
        yield scene
        for program in (doomed_postgres, doomed_redis):
            program.thaw()
            program.start()
    server.stop()
