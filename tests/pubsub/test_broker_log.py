"""The log goes away and comes back, or loses what somebody still needs."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from models.ids import new_id
from pubsub.broker import RedisBroker, open_broker
from pubsub.errors import CursorExpired
from pubsub.event import Event
from pubsub.stream import key_of
from scripts.embedded import Redis
from tests.pubsub.commits import MemoryLog, Trouble
from tests.pubsub.contract import up_to
from tests.pubsub.followers import following
from tests.pubsub.worlds import PULSE, client

PROJECT = new_id()


@pytest.fixture
def log() -> MemoryLog:
    return MemoryLog()


@pytest.fixture
async def here(redis_url: str, log: MemoryLog) -> AsyncIterator[RedisBroker]:
    async with open_broker(redis_url, log.log, pulse=PULSE) as broker:
        yield broker


@pytest.fixture
async def elsewhere(redis_url: str, log: MemoryLog) -> AsyncIterator[RedisBroker]:
    async with open_broker(redis_url, log.log) as broker:
        yield broker


async def test_redis_alone_serves_those_who_are_here(here: RedisBroker, elsewhere: RedisBroker, log: MemoryLog) -> None:
    """While the database is away, what was committed and announced before still arrives."""
    async with following(here, PROJECT) as follower:
        await follower.pulsed(1)
        log.available.clear()
        for _ in range(5):
            await elsewhere.publish(PROJECT, *log.commit(2))

        assert await follower.reaches(10) == up_to(10)


async def test_a_gap_is_filled_when_the_database_is_back(
    here: RedisBroker, elsewhere: RedisBroker, log: MemoryLog
) -> None:
    """A gap that can't be filled now is filled later; nothing behind it is told before."""
    async with following(here, PROJECT) as follower:
        await follower.pulsed(1)
        log.available.clear()
        log.asked.clear()
        log.commit(3)
        await elsewhere.publish(PROJECT, *log.commit(1))
        await log.asked.wait()
        before = list(follower.positions)
        log.available.set()

        assert await follower.reaches(4) == up_to(4)
        assert before == []


async def test_who_is_behind_waits_for_the_database(here: RedisBroker, log: MemoryLog) -> None:
    """A follower whose past only the database has gets it when the database is back."""
    for _ in range(5):
        log.commit(1_000)
    async with following(here, PROJECT) as follower:
        await follower.reaches(1_000)
        log.available.clear()
        log.commit(1)
        log.available.set()

        assert await follower.reaches(5_001) == up_to(5_001)


async def test_nobody_joins_without_the_database(here: RedisBroker, log: MemoryLog) -> None:
    """Where a follower stands only the log can say, so joining fails as the log does."""
    log.available.clear()

    with pytest.raises(Trouble):
        await anext(here.follow(PROJECT))
    assert len(here.feeds) == 0


async def test_a_hole_in_the_log_is_told_to_those_before_it(here: RedisBroker, log: MemoryLog) -> None:
    """A follower whose next event the log has lost is told so; it is not led past the hole in silence."""
    chunks = here.follow(PROJECT, 0)
    log.commit(1)
    first = await anext(chunks)
    log.commits.clear()
    log.position += 3
    log.commit(1)

    with pytest.raises(CursorExpired):
        await exhausted(chunks)
    assert [event.position for event in first] == [1]


async def test_a_log_that_can_not_be_read_is_no_reason_to_stop_for_ever(here: RedisBroker, log: MemoryLog) -> None:
    """A damaged commit holds up its project until it is mended, and the broker tries again by itself."""
    async with following(here, PROJECT) as follower:
        await follower.pulsed(1)
        first, last, payload = log.commit(2)
        log.commits[-1] = (first, last, "[]")
        log.asked.clear()
        await log.asked.wait()
        log.commits[-1] = (first, last, payload)

        assert await follower.reaches(2) == [1, 2]


async def exhausted(chunks: AsyncIterator[Sequence[Event]]) -> None:
    async for chunk in chunks:
        assert not chunk


@asynccontextmanager
async def both(url: str, log: MemoryLog) -> AsyncIterator[tuple[RedisBroker, RedisBroker]]:
    async with open_broker(url, log.log) as here, open_broker(url, log.log) as elsewhere:
        yield here, elsewhere


async def test_redis_serves_again_after_it_was_away(own_redis: Redis) -> None:
    """When Redis has come back followers hear from it again: they see what the log can't tell them."""
    log = MemoryLog()
    async with (
        both(own_redis.url, log) as (here, elsewhere),
        client(own_redis.url) as redis,
        following(here, PROJECT) as follower,
    ):
        own_redis.kill()
        await elsewhere.publish(PROJECT, *log.commit())
        await follower.reaches(1)
        own_redis.start()
        while not await redis.exists(key_of(PROJECT)):
            await elsewhere.publish(PROJECT, *log.commit())
            await follower.reaches(log.position)
        log.available.clear()
        await elsewhere.publish(PROJECT, *log.commit())

        assert await follower.reaches(log.position) == up_to(log.position)
