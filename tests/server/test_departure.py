"""A client that leaves takes its query along, out of PostgreSQL too."""

import asyncio
from contextlib import suppress

import asyncpg
import httpx

from tests.servers import Server
from tests.waiting import eventually

LOCK = "LOCK TABLE traces IN ACCESS EXCLUSIVE MODE"
WAITING = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND state = 'active' AND wait_event_type = 'Lock' AND application_name = 'tracegraph'
"""


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
