"""Brokers for tests: each over its own real Redis and PostgreSQL, so that a test may do to them what it likes."""

from collections.abc import AsyncIterator, Iterator
from functools import partial
from pathlib import Path

import pytest

from auth.projects import create_project
from models.database import Database, open_database
from models.errors import Unavailable
from models.event_log import head, read_log
from pubsub.log import Log
from scripts.embedded import Redis, start_redis

pytest.register_assert_rewrite("tests.pubsub.contract")


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    async with open_database(database_url, connections=5) as database:
        yield database


@pytest.fixture
async def project_id(database: Database) -> str:
    row = await create_project(database, "watched")
    return str(row["id"])


@pytest.fixture
def own_redis(data_folder: Path) -> Iterator[Redis]:
    """A Redis that the test may kill and freeze."""
    redis = start_redis(data_folder)
    yield redis
    redis.stop()


@pytest.fixture
def log(database: Database) -> Log:
    return Log(read=partial(read_log, database), head=partial(head, database), trouble=(Unavailable,))
