"""Deadlines reach PostgreSQL: what nobody waits for any more is not worked on any more."""

import asyncio
from contextlib import suppress

import pytest

from models.database import Database, open_database
from models.errors import Unavailable
from tests.waiting import eventually

SLEEP = "SELECT pg_sleep(60)"
SLEEPING = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query = $1"


async def is_quiet(database: Database) -> bool:
    row = await database.fetchrow(SLEEPING, SLEEP)
    return row is not None and row[0] == 0


async def test_a_deadline_ends_the_statement(database_url: str) -> None:
    """A read that takes too long is unavailable, and PostgreSQL has stopped working on it."""
    async with open_database(database_url, read_deadline=0.3) as database:
        with pytest.raises(Unavailable):
            await database.fetch(SLEEP)
        await eventually(lambda: is_quiet(database), 5.0)


async def test_a_cancellation_ends_the_statement(database_url: str) -> None:
    """Whoever gives up waiting ends what PostgreSQL does for them."""
    async with open_database(database_url) as database:
        task = asyncio.ensure_future(database.fetch(SLEEP))

        async def sleeps() -> bool:
            return not await is_quiet(database)

        await eventually(sleeps)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        await eventually(lambda: is_quiet(database), 5.0)
