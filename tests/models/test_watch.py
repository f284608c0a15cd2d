"""The watch notices within two seconds that PostgreSQL does not answer, and that it does again."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from models.database import Database, open_database
from models.errors import Unavailable
from models.watch import PAUSE, SILENT, Watch
from scripts.embedded import Postgres, start_postgres
from tests.waiting import eventually

CONNECTIONS = "12"
LONG = 60.0
SOON = 2.0
LOOKS = 100  # together longer than the watch waits before it tries to connect
SLOW = "SELECT pg_sleep(60)"
TERMINATE = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1"


@pytest.fixture
def own_postgres(data_folder: Path) -> Iterator[Postgres]:
    """A PostgreSQL that the test may kill and freeze."""
    server = start_postgres(data_folder, {"max_connections": CONNECTIONS, "fsync": "off"})
    yield server
    server.stop()


@pytest.fixture
async def database(own_postgres: Postgres) -> AsyncIterator[Database]:
    async with open_database(own_postgres.url, connections=4, read_deadline=LONG) as database:
        await eventually(lambda: answers(database))
        yield database
        own_postgres.thaw()


async def answers(database: Database) -> bool:
    try:
        return await database.execute("SELECT 1") == "SELECT 1"
    except Unavailable:
        return False


async def is_away(database: Database) -> bool:
    return not await answers(database)


async def test_who_is_at_work_is_interrupted_when_postgres_freezes(own_postgres: Postgres, database: Database) -> None:
    """Whoever waits for a frozen PostgreSQL hears within two seconds that it is away, whatever time they have."""
    slow = asyncio.create_task(database.execute(SLOW))
    await eventually(lambda: running(database, SLOW))
    own_postgres.freeze()

    with pytest.raises(Unavailable):
        async with asyncio.timeout(SOON):
            await slow


async def test_who_comes_while_postgres_is_frozen_is_refused_at_once(
    own_postgres: Postgres, database: Database
) -> None:
    """Nobody waits for a PostgreSQL that is known to be away; when it is back, they are let in again."""
    own_postgres.freeze()
    with pytest.raises(Unavailable):
        await database.execute("SELECT 1")
    async with asyncio.timeout(SOON / 2):
        refusals = await asyncio.gather(*[database.execute(SLOW) for _ in range(100)], return_exceptions=True)
    own_postgres.thaw()

    assert {type(refusal) for refusal in refusals} == {Unavailable}
    assert await eventually(lambda: answers(database), 5)


async def test_postgres_comes_back_after_it_was_killed(own_postgres: Postgres, database: Database) -> None:
    """A PostgreSQL that was killed is refused, and used again as soon as it is there."""
    own_postgres.kill()
    await eventually(lambda: is_away(database))
    own_postgres.start()

    assert await eventually(lambda: answers(database), 5)


async def test_a_crowded_postgres_is_not_away(own_postgres: Postgres, database: Database) -> None:
    """Where there is no room for another connection, not even for the watch, those that are open go on working."""
    guests = await crowd(own_postgres.url)
    async with database.connection() as connection:
        await connection.execute(TERMINATE, "tracegraph watch")
        for _ in range(LOOKS):
            guests += await crowd(own_postgres.url)
            assert await connection.fetchval("SELECT 1") == 1
    for guest in guests:
        await guest.close()


async def test_losing_its_own_connection_is_no_sign(database: Database) -> None:
    """Work goes on when somebody ends the connection of the watch."""
    slow = asyncio.create_task(database.execute("SELECT pg_sleep(1)"))
    await eventually(lambda: running(database, "SELECT pg_sleep(1)"))
    await database.execute(TERMINATE, "tracegraph watch")

    assert await slow == "SELECT 1"


class Busy(asyncpg.Connection):
    """A connection whose process has no time to listen whenever it has asked something."""

    async def execute(self, *asked: Any, **rest: Any) -> str:
        """Ask, and be busy for longer than the watch waits for an answer."""
        asking = asyncio.ensure_future(super().execute(*asked, **rest))
        await asyncio.sleep(0)
        until = time.perf_counter() + PAUSE * (SILENT + 1)
        while time.perf_counter() < until:
            pass
        return await asking


async def test_a_busy_loop_is_no_silent_postgres(own_postgres: Postgres) -> None:
    """Whoever is at work while our own process has no time to listen is not interrupted."""
    watch, heard = Watch(), asyncio.Event()
    watch.listen("news", heard.set)
    async with watch.kept(partial(asyncpg.connect, own_postgres.url, connection_class=Busy)):
        with watch.within(LONG):
            await heard.wait()


async def running(database: Database, statement: str) -> bool:
    """Whether PostgreSQL is at work on this statement."""
    sql = "SELECT 1 FROM pg_stat_activity WHERE query = $1 AND state = 'active' AND pid <> pg_backend_pid()"
    return await database.fetchrow(sql, statement) is not None


async def crowd(url: str) -> list[asyncpg.Connection[asyncpg.Record]]:
    """Take all the connections that PostgreSQL still has to give."""
    guests = []
    while True:
        try:
            guests.append(await asyncpg.connect(url))
        except asyncpg.TooManyConnectionsError:
            return guests
