"""Redis and PostgreSQL are killed, frozen, emptied and restarted while somebody follows: 1 to n, once, in order."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from models.database import Database
from pubsub.log import Log
from scripts.embedded import Redis
from tests.pubsub.contract import up_to
from tests.pubsub.followers import following
from tests.pubsub.worlds import RedisWorld, redis_world

Harm = Callable[[RedisWorld, Redis], Awaitable[None]]


async def killed(_world: RedisWorld, redis: Redis) -> None:
    redis.kill()


async def frozen(_world: RedisWorld, redis: Redis) -> None:
    redis.freeze()


async def restarted(_world: RedisWorld, redis: Redis) -> None:
    redis.kill()
    redis.start()


async def emptied(world: RedisWorld, _redis: Redis) -> None:
    await world.redis.flushall()


async def overfull(world: RedisWorld, _redis: Redis) -> None:
    await world.redis.config_set("maxmemory", "1")


async def healed(world: RedisWorld, redis: Redis) -> None:
    """Undo any harm."""
    redis.thaw()
    redis.start()
    await world.redis.config_set("maxmemory", "0")


@pytest.fixture
async def world(own_redis: Redis, log: Log, database: Database, project_id: str) -> AsyncIterator[RedisWorld]:
    async with redis_world(own_redis.url, log, database, project_id) as world:
        yield world


@pytest.mark.parametrize("harm", [killed, frozen, restarted, emptied, overfull])
async def test_events_arrive_once_and_in_order_whatever_happens_to_redis(
    harm: Harm, world: RedisWorld, own_redis: Redis
) -> None:
    """Before, during and after the harm every event arrives, in its place; nothing is lost and nothing comes twice."""
    async with following(world.broker, world.project_id) as follower:
        await world.happen(20)
        await follower.reaches(20)
        await harm(world, own_redis)
        await world.happen(20)
        await follower.reaches(40)
        await healed(world, own_redis)
        await world.happen(20)

        assert await follower.reaches(60) == up_to(60)


@pytest.mark.parametrize("harm", [killed, frozen])
async def test_following_begins_and_resumes_without_redis(harm: Harm, world: RedisWorld, own_redis: Redis) -> None:
    """Whoever comes while Redis is away gets past and present all the same."""
    await world.happen(10)
    await harm(world, own_redis)
    async with following(world.broker, world.project_id, after=4) as follower:
        await follower.reaches(10)
        await world.happen(10)

        assert await follower.reaches(20) == up_to(20, after=4)


async def test_announcing_never_waits_for_a_frozen_redis(world: RedisWorld, own_redis: Redis) -> None:
    """A writer hands over its commits without giving up control once: nothing in it can wait."""
    commits = [await world.write(1) for _ in range(100)]
    own_redis.freeze()

    for commit in commits:
        announcing = world.announce(commit)
        with pytest.raises(StopIteration):
            announcing.send(None)  # it ends at the first step


async def test_what_was_not_announced_takes_no_memory(world: RedisWorld, own_redis: Redis) -> None:
    """While Redis is frozen the announcements are let go, not heaped up."""
    own_redis.freeze()
    await world.happen(50, size=10)
    async with asyncio.timeout(30):
        await world.elsewhere.sender.empty()


async def test_followers_of_one_process_do_not_need_redis(world: RedisWorld, own_redis: Redis) -> None:
    """What a process commits itself its own followers have at once, with Redis down and the log not asked."""
    own_redis.kill()
    async with following(world.broker, world.project_id) as follower:
        await follower.pulsed(1)
        for _ in range(5):
            await world.here.publish(world.project_id, *await world.write(2))

        assert await follower.reaches(10) == up_to(10)
