"""The checker is worth something: servers that lose what they acknowledged are found out."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import repeat
from pathlib import Path

import asyncpg

from models.database import open_database
from scripts.embedded import Postgres, Redis
from tests.databases import name_of
from tests.faults.findings import mistold, read_log
from tests.faults.ledger import Verdict
from tests.faults.scene import Scene, in_front, open_scene
from tests.faults.subscriber import Subscriber, subscribed
from tests.servers import Server

RETURNS = 10

UNSAFE = 'ALTER DATABASE "{}" SET synchronous_commit = off'


async def test_a_server_that_acknowledges_before_it_commits_is_found_out(
    doomed_postgres: Postgres, doomed_redis: Redis, doomed_url: str, tmp_path: Path
) -> None:
    """What a hasty server had not committed when it was killed is missed."""
    with running(in_front(doomed_url, doomed_redis, tmp_path, "tests.fakes.hasty_server")) as hasty:
        async with open_scene(doomed_postgres, doomed_redis, hasty, tmp_path) as scene:
            async with scene.loaded(insisting=False):
                await scene.ledger.more(Verdict.OK, 100)
                hasty.kill()
            found = await scene.findings()

    assert [finding for finding in found if finding.startswith("lost:")]
    assert not [finding for finding in found if finding.startswith("roll-ups:")]


async def test_a_database_that_commits_before_it_writes_is_found_out(
    doomed_postgres: Postgres, doomed_redis: Redis, doomed_url: str, tmp_path: Path
) -> None:
    """What PostgreSQL had not written when it was killed, because synchronous_commit is off, is missed."""
    await execute(doomed_postgres.url, UNSAFE.format(name_of(doomed_url)))
    with running(in_front(doomed_url, doomed_redis, tmp_path)) as ours:
        async with open_scene(doomed_postgres, doomed_redis, ours, tmp_path) as scene:
            async with scene.loaded(insisting=False):
                await scene.ledger.more(Verdict.OK, 100)
                await asyncio.to_thread(doomed_postgres.kill)
            await asyncio.to_thread(doomed_postgres.start)
            found = await scene.findings()

    assert [finding for finding in found if finding.startswith("lost:")]
    assert not [finding for finding in found if finding.startswith("roll-ups:")]


async def test_a_server_that_never_looks_for_what_is_missing_is_found_out(
    doomed_postgres: Postgres, doomed_redis: Redis, doomed_url: str, tmp_path: Path
) -> None:
    """What was committed while Redis was dead is missed by those who are told only what Redis brings."""
    with running(in_front(doomed_url, doomed_redis, tmp_path, "tests.fakes.forgetful_server")) as forgetful:
        async with (
            open_scene(doomed_postgres, doomed_redis, forgetful, tmp_path) as scene,
            subscribed(scene.project_id, forgetful) as subscriber,
        ):
            async with scene.loaded(insisting=False):
                await subscriber.progress()
                await asyncio.to_thread(doomed_redis.kill)
                await scene.ledger.more(Verdict.OK, 30)
                await asyncio.to_thread(doomed_redis.start)
                await subscriber.progress()
            found = await missed_on_the_way(scene, subscriber)

    assert found.startswith("subscriber: it was told 0 too many, ")
    assert subscriber.connections == 1


async def test_a_server_that_resumes_by_time_is_found_out(
    doomed_postgres: Postgres, doomed_redis: Redis, doomed_url: str, tmp_path: Path
) -> None:
    """Who comes back and is told what is younger than what it saw last misses what is just as old."""
    with running(in_front(doomed_url, doomed_redis, tmp_path, "tests.fakes.dated_server")) as dated:
        async with (
            open_scene(doomed_postgres, doomed_redis, dated, tmp_path) as scene,
            subscribed(scene.project_id, dated, lives=repeat(5)) as subscriber,
        ):
            async with scene.loaded(insisting=False):
                while subscriber.connections < RETURNS:
                    await subscriber.progress()
            found = await missed_on_the_way(scene, subscriber)

    assert found.startswith("subscriber: it was told 0 too many, ")


async def missed_on_the_way(scene: Scene, subscriber: Subscriber) -> str:
    """What is wrong with what a subscriber saw, up to the last that it saw."""
    seen = [*subscriber.seen]
    async with open_database(scene.database_url, connections=1) as database:
        log, _ = await read_log(database, scene.project_id)
    return "".join(mistold(seen, [told for told in log if told.position <= seen[-1].position]))


@contextmanager
def running(server: Server) -> Iterator[Server]:
    """Serve for as long as the body takes."""
    server.start()
    try:
        yield server
    finally:
        server.kill()


async def execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
