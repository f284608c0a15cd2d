"""Connections are lent again without ceremony, but none that is broken, and none past somebody who waits."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest

from models.lender import Lender

PID = "SELECT pg_backend_pid()"


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[asyncpg.Pool[asyncpg.Record]]:
    async with asyncpg.create_pool(database_url, min_size=1, max_size=2) as pool:
        yield pool


async def test_the_one_that_came_back_last_goes_first(pool: asyncpg.Pool[asyncpg.Record]) -> None:
    """While one connection does for all there is only one."""
    lender = Lender(pool)
    seen = set()
    for _ in range(3):
        connection = await lender.acquire()
        seen.add(await connection.fetchval(PID))
        assert (lender.get_size(), lender.get_idle_size()) == (1, 0)
        await lender.release(connection)
        assert (lender.get_size(), lender.get_idle_size()) == (1, 1)
    await lender.close()

    assert (len(seen), pool.get_size()) == (1, 1)


async def test_who_waits_gets_what_comes_back(pool: asyncpg.Pool[asyncpg.Record]) -> None:
    """With all connections lent, the next one that comes back goes to who has waited for it."""
    lender = Lender(pool)
    first, second = await lender.acquire(), await lender.acquire()
    waiting = asyncio.create_task(lender.acquire())
    await asyncio.sleep(0)
    await lender.release(first)
    third = await asyncio.wait_for(waiting, 10)

    assert await third.fetchval("SELECT 1") == 1
    for connection in (second, third):
        await lender.release(connection)
    await lender.close()


async def test_a_broken_connection_is_not_lent_again(pool: asyncpg.Pool[asyncpg.Record]) -> None:
    """One that was closed, in use or while it lay there, is replaced by another, and keeps nobody's place."""
    lender = Lender(pool)
    for _ in range(3):
        in_use = await lender.acquire()
        in_use.terminate()
        await lender.release(in_use)
        lying = await lender.acquire()
        await lender.release(lying)
        lying.terminate()
    both = [await asyncio.wait_for(lender.acquire(), 10) for _ in range(2)]

    assert [await connection.fetchval("SELECT 1") for connection in both] == [1, 1]
    for connection in both:
        await lender.release(connection)
    await lender.close()


async def test_closing_leaves_the_pool_free_to_close(pool: asyncpg.Pool[asyncpg.Record]) -> None:
    """What lies here is given back: a pool that closes waits for nothing."""
    lender = Lender(pool)
    await lender.release(await lender.acquire())
    await lender.close()

    await asyncio.wait_for(pool.close(), 10)
