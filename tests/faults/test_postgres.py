"""PostgreSQL is killed, frozen and crowded while our server commits."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import asyncpg

from tests.databases import name_of
from tests.faults.ledger import Verdict
from tests.faults.scene import Scene

KILLS = 2
FROZEN_SECONDS = 20.0
PROMISED_SECONDS = 2.0
BACK_SECONDS = 5.0
TERMINATIONS = 10
TERMINATE = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1"
COUNT = "SELECT count(*) FROM pg_stat_activity WHERE datname = $1"


async def test_nothing_acknowledged_is_lost_when_postgres_is_killed(scene: Scene) -> None:
    """After kill -9 of PostgreSQL during commits everything acknowledged is there, and our server goes on by itself."""
    async with scene.witnessed(PROMISED_SECONDS):
        for _ in range(KILLS):
            await scene.ledger.more(Verdict.OK, 100)
            await asyncio.to_thread(scene.postgres.kill)
            await scene.ledger.more(Verdict.FAIL, 20)
            await asyncio.to_thread(scene.postgres.start)
            await scene.ledger.more(Verdict.OK, 20, within=BACK_SECONDS)

    assert scene.server.is_running()


async def test_writes_are_refused_at_once_while_postgres_is_frozen(scene: Scene) -> None:
    """While PostgreSQL does not answer, writes are refused within two seconds; soon after it does, they work."""
    async with scene.witnessed(PROMISED_SECONDS):
        await scene.ledger.more(Verdict.OK, 100)
        scene.postgres.freeze()
        await scene.ledger.last(FROZEN_SECONDS)
        refusals = scene.ledger.counts[Verdict.FAIL]
        scene.postgres.thaw()
        await scene.ledger.more(Verdict.OK, 20, within=BACK_SECONDS)

    assert refusals > 20
    assert scene.server.is_running()


async def test_writes_survive_that_their_connections_are_ended(scene: Scene) -> None:
    """Somebody who ends connections at random costs refusals and doubts, and nothing that was acknowledged."""
    connection = await asyncpg.connect(scene.postgres.url)
    async with scene.witnessed(PROMISED_SECONDS):
        for _ in range(TERMINATIONS):
            await scene.ledger.more(Verdict.OK, 20)
            await connection.execute(TERMINATE, name_of(scene.database_url))
    await connection.close()


async def test_writes_are_refused_at_once_while_postgres_is_crowded(scene: Scene) -> None:
    """While others have all connections, writes are refused at once or go on; when there is room again, they work."""
    async with scene.witnessed(PROMISED_SECONDS):
        await scene.ledger.more(Verdict.OK, 50)
        async with crowded(scene.postgres.url, scene.database_url):
            await scene.ledger.more(Verdict.FAIL, 30)
        await scene.ledger.more(Verdict.OK, 50, within=BACK_SECONDS)


@asynccontextmanager
async def crowded(url: str, database_url: str) -> AsyncIterator[None]:
    """Have all connections that PostgreSQL gives, those of the database that were open before included."""
    guests = [await asyncpg.connect(url)]
    try:
        while await guests[0].fetchval(COUNT, name_of(database_url)):
            await guests[0].execute(TERMINATE, name_of(database_url))
            with suppress(asyncpg.TooManyConnectionsError):
                while True:
                    guests.append(await asyncpg.connect(url))
        yield
    finally:
        for guest in guests:
            await guest.close()
