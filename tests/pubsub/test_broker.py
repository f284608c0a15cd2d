"""The broker over Redis and PostgreSQL keeps the contract."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from models.database import Database
from pubsub.log import Log
from pubsub.stream import key_of
from tests.pubsub.contract import BrokerContract, up_to
from tests.pubsub.followers import following
from tests.pubsub.worlds import RedisWorld, redis_world


class TestRedisBroker(BrokerContract):
    """All promises, between two processes, and those about what lies in between."""

    @pytest.fixture
    async def world(self, redis_url: str, log: Log, database: Database, project_id: str) -> AsyncIterator[RedisWorld]:
        async with redis_world(redis_url, log, database, project_id) as world:
            yield world

    async def test_no_ring_stays_when_nobody_follows(self, world: RedisWorld) -> None:
        """The memory of a project goes with the last who follows it."""
        async with (
            following(world.broker, world.project_id) as one,
            following(world.broker, world.project_id) as other,
        ):
            await world.happen(1)
            await one.reaches(1)
            await other.reaches(1)
            followed = len(world.here.feeds)

        assert (followed, len(world.here.feeds)) == (1, 0)

    async def test_an_announcement_that_is_lost_with_none_after_it_is_noticed(self, world: RedisWorld) -> None:
        """A process that dies between commit and announcement hides its last commit from nobody."""
        async with following(world.broker, world.project_id) as follower:
            await world.happen(3)
            await follower.reaches(3)
            await world.write(2)

            assert await follower.reaches(5) == up_to(5)

    async def test_a_gap_is_filled_from_the_log(self, world: RedisWorld) -> None:
        """What was never announced is seen in its place, before what was announced after it."""
        async with following(world.broker, world.project_id) as follower:
            await world.happen(2)
            await follower.reaches(2)
            await world.write(3)
            await world.happen(2)

            assert await follower.reaches(7) == up_to(7)

    async def test_damaged_items_in_redis_are_read_from_the_log_instead(self, world: RedisWorld) -> None:
        """Redis makes it fast, PostgreSQL makes it true: what Redis garbles is not delivered and not lost."""
        garbled: list[dict[Any, Any]] = [
            {"first": "1", "events": "{"},
            {"first": "no number"},
            {"first": "3", "events": b"\xff"},
        ]
        async with following(world.broker, world.project_id) as follower:
            await follower.pulsed(1)
            for fields in garbled:
                _, last, _ = await world.write(1)
                await world.redis.xadd(key_of(world.project_id), fields, id=f"{last}-0")
            await world.happen(1)

            assert await follower.reaches(4) == up_to(4)

    async def test_redis_keeps_a_bounded_tail(self, world: RedisWorld) -> None:
        """The stream of a project is trimmed by events and disappears when nothing happens for long."""
        await world.happen(60, size=500)
        await world.elsewhere.sender.empty()
        kept = await world.redis.xlen(key_of(world.project_id))
        expires = await world.redis.ttl(key_of(world.project_id))

        assert 40 <= kept < 60
        assert 0 < expires <= 3_600

    async def test_one_who_is_far_behind_catches_up_through_redis_and_the_log(self, world: RedisWorld) -> None:
        """From the very beginning, through what only the log still has and what Redis has, into the present."""
        await world.happen(60, size=500)
        async with following(world.broker, world.project_id) as follower:
            await world.happen(3)

            assert await follower.reaches(world.position) == up_to(world.position)
