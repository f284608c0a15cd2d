"""The commands we send to Redis: their order, their failures, and what a cancelled one leaves behind."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from models.ids import new_id
from pubsub.errors import StreamDown
from pubsub.stream import Stream, open_stream
from scripts.embedded import Redis
from scripts.memory import free_port
from tests.pubsub.commits import a_commit

PROJECT = new_id()


@pytest.fixture
async def stream(redis_url: str) -> AsyncIterator[Stream]:
    async with open_stream(redis_url) as stream:
        yield stream


async def test_read_gives_what_was_added_after_a_position(stream: Stream) -> None:
    """Commits come back as they were added, by project, and only those behind the position."""
    other = new_id()
    one, two, three = a_commit(1, 2), a_commit(3, 3), a_commit(1, 1)
    await stream.add([(PROJECT, one), (PROJECT, two), (other, three)])

    assert sorted(await stream.read({PROJECT: 2, other: 0})) == sorted([(PROJECT, two), (other, three)])
    assert await stream.range(PROJECT, 0) == [one, two]
    assert await stream.range(PROJECT, 3) == []


async def test_add_skips_what_is_overtaken(stream: Stream) -> None:
    """A commit that comes after a later one is left out, and those around it are taken."""
    early, middle, late = a_commit(1, 1), a_commit(2, 2), a_commit(3, 3)
    await stream.add([(PROJECT, early), (PROJECT, late), (PROJECT, middle)])

    assert await stream.range(PROJECT, 0) == [early, late]
    assert stream.healthy


async def test_a_cancelled_command_ends_and_leaves_no_answer_for_the_next_one(stream: Stream) -> None:
    """Followers leave at any point of a command: they do leave, and whoever comes next gets its own answer."""
    await stream.add([(PROJECT, a_commit(1, 1))])
    for point in range(60):
        reading = asyncio.ensure_future(stream.range(PROJECT, 0))
        for _ in range(point % 20):
            await turn()
        under_way = reading.cancel()
        await asyncio.wait([reading])

        assert reading.cancelled() == under_way
        assert await stream.range(PROJECT, 1) == []


async def test_a_redis_that_is_not_there_is_told_and_then_left_alone(stream: Stream) -> None:
    """A failure is StreamDown; until the pause is over the next command fails without being tried."""
    async with open_stream(f"redis://127.0.0.1:{free_port()}/0") as nowhere:
        healthy = nowhere.healthy
        with pytest.raises(StreamDown) as first:
            await nowhere.read({PROJECT: 0})
        with pytest.raises(StreamDown) as second:
            await nowhere.add([(PROJECT, a_commit(1, 1))])

        assert (healthy, nowhere.healthy) == (True, False)
        assert first.value.__cause__ is not None
        assert second.value.__cause__ is None
        assert nowhere.pause > 0


async def test_a_frozen_redis_is_told(own_redis: Redis) -> None:
    """A Redis that holds the connection and never answers is a failure, not a wait."""
    async with open_stream(own_redis.url) as stream:
        await stream.add([(PROJECT, a_commit(1, 1))])
        own_redis.freeze()

        with pytest.raises(StreamDown):
            await stream.range(PROJECT, 0)
        own_redis.thaw()


async def test_a_refused_command_is_told(own_redis: Redis, tmp_path: Path) -> None:
    """A Redis that answers with an error, for want of a password say, is as good as none."""
    without_password = f"redis://127.0.0.1:{own_redis.url.rpartition(':')[2]}"
    async with open_stream(without_password) as stream:
        with pytest.raises(StreamDown):
            await stream.add([(PROJECT, a_commit(1, 1))])


async def turn() -> None:
    """Let the event loop go round once."""
    passed = asyncio.Event()
    asyncio.get_running_loop().call_soon(passed.set)
    await passed.wait()
