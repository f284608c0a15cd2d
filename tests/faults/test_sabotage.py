"""The checker is worth something: servers that lose what they acknowledged are found out."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg

from scripts.embedded import Postgres, Redis
from tests.databases import name_of
from tests.faults.ledger import Verdict
from tests.faults.scene import in_front, open_scene
from tests.servers import Server

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
