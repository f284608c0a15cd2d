"""A server for all the poison there is."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from scripts.embedded import Postgres, Redis
from tests.conftest import NamedServer
from tests.databases import cloned_database, empty_redis
from tests.servers import Server

pytest.register_assert_rewrite("tests.acceptance.poison.batches")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def poisoned_database(postgres: Postgres | NamedServer, template_database: str) -> AsyncIterator[str]:
    async with cloned_database(postgres.url, template_database) as url:
        yield url


@pytest.fixture(scope="session")
def poisoned_server(
    poisoned_database: str, redis_server: Redis | NamedServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """Our server, which has to take everything."""
    folder = tmp_path_factory.mktemp("poisoned")
    with empty_redis(redis_server.url) as redis_url:
        environment = {
            "DATABASE_URL": poisoned_database,
            "REDIS_URL": redis_url,
            "TRACEGRAPH_DATA_DIR": str(folder),
        }
        server = Server(environment, "tg_dev_" + secrets.token_hex(24), folder / "server.log")
        server.start()
        yield server
        server.stop()

    assert "operation failed" not in server.log.read_text()
