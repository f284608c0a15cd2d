"""Followers who lose their connections all the time see everything just once, whatever else falls meanwhile."""

from __future__ import annotations

import asyncio
import os
import random
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import count
from pathlib import Path

import pytest
import redis.asyncio

from models.database import open_database
from tests.faults.findings import head_of, mistold, read_log
from tests.faults.ledger import Verdict
from tests.faults.load import loaded
from tests.faults.scene import Scene, in_front
from tests.faults.subscriber import Subscriber, subscribed
from tests.faults.workers import ready_workers
from tests.servers import Server
from tests.waiting import until

FOLLOWERS = 6
LONGEST_LIFE = 300  # events
LEAST_CONNECTIONS = 10
FROZEN_SECONDS = 20.0
FLUSHES = 5
PATIENCE = 60.0


@pytest.mark.timeout(300)
async def test_each_follower_is_told_everything_once_whatever_falls(crew: Scene, tmp_path: Path) -> None:
    """Workers, Redis and PostgreSQL fall in front of a second server, and each follower sees 1 to n, each once."""
    async with another(crew, tmp_path / "other") as other, followed(crew, other) as followers:
        async with crew.witnessed(PATIENCE), loaded(other, crew.project_id, crew.ledger, PATIENCE, insisting=True):
            await crew.ledger.more(Verdict.OK, 50)
            async with frozen_redis(crew):
                await kill_a_worker(crew)
                await restart_postgres(crew)
            await replace_the_workers(crew)
            await flush_redis(crew)
            await restart_redis(crew)
            await kill_a_worker(crew)
            await asyncio.to_thread(other.restart)
            await crew.ledger.more(Verdict.OK, 50)
        found = await mistold_followers(crew, followers)

    assert not found, "\n".join(found[:20])
    assert all(follower.connections > LEAST_CONNECTIONS for follower in followers)


@asynccontextmanager
async def another(scene: Scene, folder: Path) -> AsyncIterator[Server]:
    """A second server in front of the same databases."""
    folder.mkdir()
    server = in_front(scene.database_url, scene.redis, folder)
    await asyncio.to_thread(server.start)
    try:
        yield server
    finally:
        server.kill()


@asynccontextmanager
async def followed(scene: Scene, other: Server) -> AsyncIterator[list[Subscriber]]:
    """Followers whose connections break at random; each resumes from its cursor, at the other server."""
    dice = random.Random(5)
    lives = (dice.randint(1, LONGEST_LIFE) for _ in count())
    async with AsyncExitStack() as stack:
        yield [
            await stack.enter_async_context(subscribed(scene.project_id, scene.server, other, lives=lives))
            for _ in range(FOLLOWERS)
        ]


async def mistold_followers(scene: Scene, followers: list[Subscriber]) -> list[str]:
    """What the followers were not told, or not just once and in order."""
    async with open_database(scene.database_url, connections=2) as database:
        head = await head_of(database, scene.project_id)
        for follower in followers:
            await follower.reach(head, PATIENCE)
        log, found = await read_log(database, scene.project_id)
    for follower in followers:
        found += [*follower.surprises, *mistold(follower.seen, log)]
    return found


@asynccontextmanager
async def frozen_redis(scene: Scene) -> AsyncIterator[None]:
    """Redis does not answer while the body takes its time, and not before the promised time is over."""
    scene.redis.freeze()
    over = asyncio.create_task(scene.ledger.last(FROZEN_SECONDS))
    yield
    await scene.ledger.more(Verdict.OK, 50)
    await over
    scene.redis.thaw()
    await scene.ledger.more(Verdict.OK, 50)


async def kill_a_worker(scene: Scene) -> None:
    """One of two workers is killed; it gets a successor."""
    ready = ready_workers(scene.server)
    os.kill(ready[-1], signal.SIGKILL)
    await asyncio.to_thread(until, lambda: len(ready_workers(scene.server)) > len(ready), PATIENCE)
    await scene.ledger.more(Verdict.OK, 50)


async def restart_postgres(scene: Scene) -> None:
    """PostgreSQL is stopped in good order, and comes back."""
    await asyncio.to_thread(scene.postgres.stop)
    await scene.ledger.more(Verdict.FAIL, 5)
    await asyncio.to_thread(scene.postgres.start)
    await scene.ledger.more(Verdict.OK, 50)


async def replace_the_workers(scene: Scene) -> None:
    """Both workers are replaced, one after the other."""
    os.kill(scene.server.pid, signal.SIGHUP)
    await asyncio.to_thread(until, lambda: "workers replaced" in scene.server.log.read_text(), PATIENCE)
    await scene.ledger.more(Verdict.OK, 50)


async def flush_redis(scene: Scene) -> None:
    """Redis forgets everything, again and again."""
    async with redis.asyncio.Redis.from_url(scene.redis.url) as client:
        for _ in range(FLUSHES):
            await client.flushall()
            await scene.ledger.more(Verdict.OK, 20)


async def restart_redis(scene: Scene) -> None:
    """Redis is killed, and comes back empty."""
    await asyncio.to_thread(scene.redis.kill)
    await scene.ledger.more(Verdict.OK, 100)
    await asyncio.to_thread(scene.redis.start)
    await scene.ledger.more(Verdict.OK, 50)
