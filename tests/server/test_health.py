"""Whether the process lives and whether it should get work, told from what it depends on."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from models.migration import migrate
from scripts.embedded import Postgres, start_postgres
from server.application import application, open_resources
from server.drain import Drain
from server.settings import Settings
from tests.conftest import NamedServer
from tests.databases import cloned_database
from tests.waiting import eventually

ROOT = Path(__file__).parents[2]
NO_REDIS = "redis://127.0.0.1:1/0"


@asynccontextmanager
async def serving(database_url: str, redis_url: str, drain: Drain | None = None) -> AsyncIterator[httpx.AsyncClient]:
    """Our application and a client for it, with a development key."""
    settings = Settings(dev_key="tg_dev", read_seconds=1.0)
    async with open_resources(settings, database_url, redis_url) as resources:
        transport = httpx.ASGITransport(application(resources, settings, drain or Drain(1.0)))
        async with httpx.AsyncClient(transport=transport, base_url="http://tracegraph") as client:
            yield client


async def is_ready(client: httpx.AsyncClient) -> bool:
    return (await client.get("/readyz")).is_success


async def test_a_server_with_everything_is_ready(database_url: str, redis_url: str) -> None:
    """With PostgreSQL and Redis there, the server is ready; nobody may keep the answer."""
    async with serving(database_url, redis_url) as client:
        await eventually(lambda: is_ready(client))
        ready, live = await client.get("/readyz"), await client.get("/livez")

    assert ready.json() == {"status": "ready", "redis": "up"}
    assert live.json() == {"status": "ok"}
    assert ready.headers["cache-control"] == "no-store"


async def test_a_server_without_redis_is_ready_but_degraded(database_url: str) -> None:
    """Without Redis the server works, and says that something is missing."""
    async with serving(database_url, NO_REDIS) as client:
        await eventually(lambda: is_ready(client))

        assert (await client.get("/readyz")).json() == {"status": "degraded", "redis": "down"}


async def test_a_database_that_is_not_migrated_is_not_served(postgres: Postgres | NamedServer, redis_url: str) -> None:
    """The server is not ready until somebody has migrated the database; then it is, and the development key works."""
    async with cloned_database(postgres.url) as url, serving(url, redis_url) as client:
        before = await eventually(lambda: not_migrated(client))
        live = await client.get("/livez")
        await migrate_elsewhere(url)
        await eventually(lambda: is_ready(client))

    assert before is not None
    assert before.status_code == 503
    assert live.status_code == 200


async def migrate_elsewhere(database_url: str) -> None:
    """Migrate as an operator does, in another process; ours has its connections open."""
    environ = {**os.environ, "DATABASE_URL": database_url}
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "server", "migrate", env=environ, cwd=ROOT)
    assert await process.wait() == 0


async def not_migrated(client: httpx.AsyncClient) -> httpx.Response | None:
    response = await client.get("/readyz")
    return response if "migrate" in response.text else None


async def test_a_draining_server_is_not_ready(database_url: str, redis_url: str) -> None:
    """Who is on their way out gets no more work, but lives."""
    drain = Drain(1.0)
    async with serving(database_url, redis_url, drain) as client:
        await eventually(lambda: is_ready(client))
        await drain.run()
        ready, live = await client.get("/readyz"), await client.get("/livez")

    assert (ready.status_code, ready.json()["status"]) == (503, "draining")
    assert live.status_code == 200


async def test_a_database_that_is_frozen_is_noticed(data_folder: Path, redis_url: str) -> None:
    """A database that does not answer makes the server not ready within a moment, and ready again when it does."""
    server = start_postgres(data_folder)
    try:
        await migrate(server.url)
        async with serving(server.url, redis_url) as client:
            await eventually(lambda: is_ready(client))
            server.freeze()
            frozen = await client.get("/readyz")
            answer = await client.post(
                "/graphql", json={"query": "{ traces { nodes { id } } }"}, headers={"authorization": "Bearer tg_dev"}
            )
            server.thaw()
            await eventually(lambda: is_ready(client))
    finally:
        server.stop()

    assert frozen.status_code == 503
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) >= 1


@pytest.mark.parametrize("path", ["/livez", "/readyz"])
async def test_health_is_asked_by_get(path: str, database_url: str, redis_url: str) -> None:
    """Health is there to be read."""
    async with serving(database_url, redis_url) as client:
        assert (await client.post(path)).status_code == 405
