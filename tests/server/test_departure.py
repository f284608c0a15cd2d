"""A client that leaves takes its query along, out of PostgreSQL too."""

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import asyncpg
import httpx
import pytest

from tests.servers import Server
from tests.waiting import eventually

LOCK = "LOCK TABLE traces IN ACCESS EXCLUSIVE MODE"
WAITING = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND state = 'active' AND wait_event_type = 'Lock' AND application_name = 'tracegraph'
"""


@pytest.fixture
def hasty_server(database_url: str, redis_url: str, tmp_path: Path) -> Iterator[Server]:
    """Our server with little patience for queries."""
    environment = {"DATABASE_URL": database_url, "REDIS_URL": redis_url, "TRACEGRAPH_DATA_DIR": str(tmp_path)}
    server = Server(environment | {"TRACEGRAPH_READ_SECONDS": "1"}, key="tg_dev_" + "0" * 48, log=tmp_path / "log")
    server.start()
    yield server
    server.kill()


async def test_a_deadline_ends_the_query_in_the_database(hasty_server: Server) -> None:
    """A client that waits hears that its query took too long, and by then PostgreSQL works on it no more."""
    holder, observer = (
        await asyncpg.connect(hasty_server.database_url),
        await asyncpg.connect(hasty_server.database_url),
    )
    async with holder.transaction():
        await holder.execute(LOCK)
        async with httpx.AsyncClient(
            base_url=hasty_server.url, trust_env=False, headers=hasty_server.headers
        ) as client:
            late = await client.post("/graphql", json={"query": "{ traces { nodes { id } } }"}, timeout=60)

        async def waits_no_more() -> bool:
            return not await observer.fetchval(WAITING)

        await eventually(waits_no_more, 5.0)
    await holder.close()
    await observer.close()

    assert late.status_code == 503
    assert late.json()["errors"][0]["extensions"]["code"] == "OVERLOADED"


async def test_a_client_that_leaves_ends_its_query_in_the_database(server: Server) -> None:
    """While nobody lets go of what the query waits for, PostgreSQL stops waiting as soon as the client has left."""
    holder, observer = await asyncpg.connect(server.database_url), await asyncpg.connect(server.database_url)

    async def waits() -> bool:
        return bool(await observer.fetchval(WAITING))

    async def waits_no_more() -> bool:
        return not await waits()

    async with holder.transaction():
        await holder.execute(LOCK)
        async with httpx.AsyncClient(base_url=server.url, trust_env=False, headers=server.headers) as client:
            asked = client.post("/graphql", json={"query": "{ traces { nodes { id } } }"}, timeout=60)
            task = asyncio.ensure_future(asked)
            await eventually(waits)
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        await eventually(waits_no_more, 5.0)
    await holder.close()
    await observer.close()
