"""Redis is killed, frozen and emptied while our server commits: nobody who writes notices."""

import asyncio

import redis.asyncio

from tests.faults.ledger import Verdict
from tests.faults.scene import Scene

FLUSHES = 10


async def test_writes_go_on_while_redis_is_dead(scene: Scene) -> None:
    """While Redis is dead every write is acknowledged, and the subscriber is told everything from the log."""
    async with scene.witnessed() as subscriber:
        await scene.ledger.more(Verdict.OK, 50)
        await asyncio.to_thread(scene.redis.kill)
        await scene.ledger.more(Verdict.OK, 200)
        await subscriber.progress()
        await asyncio.to_thread(scene.redis.start)
        await scene.ledger.more(Verdict.OK, 50)

    assert scene.ledger.counts.keys() == {Verdict.OK}
    assert subscriber.connections == 1


async def test_writes_go_on_while_redis_is_frozen(scene: Scene) -> None:
    """While Redis does not answer every write is acknowledged, and the subscriber is told everything from the log."""
    async with scene.witnessed() as subscriber:
        await scene.ledger.more(Verdict.OK, 50)
        scene.redis.freeze()
        await scene.ledger.more(Verdict.OK, 200)
        await subscriber.progress()
        scene.redis.thaw()
        await scene.ledger.more(Verdict.OK, 50)

    assert scene.ledger.counts.keys() == {Verdict.OK}
    assert subscriber.connections == 1


async def test_writes_go_on_while_redis_is_emptied(scene: Scene) -> None:
    """Redis may forget everything at any time: every write is acknowledged, and the subscriber misses nothing."""
    async with redis.asyncio.Redis.from_url(scene.redis.url) as client, scene.witnessed() as subscriber:
        for _ in range(FLUSHES):
            await scene.ledger.more(Verdict.OK, 30)
            await client.flushall()

    assert scene.ledger.counts.keys() == {Verdict.OK}
    assert subscriber.connections == 1
