"""What any broker promises to those who follow; each broker's tests run all of it."""

import asyncio
from contextlib import aclosing
from itertools import pairwise

import pytest

from models.ids import new_id
from pubsub.errors import CursorExpired, CursorInvalid
from tests.pubsub.followers import following
from tests.pubsub.worlds import World


def up_to(position: int, after: int = 0) -> list[int]:
    return list(range(after + 1, position + 1))


class BrokerContract:
    """Give it a fixture `world`."""

    async def test_a_follower_sees_every_event_once_and_in_order(self, world: World) -> None:
        """From the first position on: 1 to n, each once, whatever the size of the commits."""
        async with following(world.broker, world.project_id) as follower:
            await follower.pulsed(1)  # it has joined
            for size in (1, 3, 1, 10):
                await world.happen(2, size)

            assert await follower.reaches(30) == up_to(30)

    async def test_past_and_present_join_without_a_seam(self, world: World) -> None:
        """A follower who comes back continues behind its position, through what it missed into what comes."""
        await world.happen(20)
        async with following(world.broker, world.project_id, after=7) as follower:
            await follower.reaches(20)
            await world.happen(20)

            assert await follower.reaches(40) == up_to(40, after=7)

    async def test_a_position_may_lie_within_a_commit(self, world: World) -> None:
        """A follower who left in the middle of a commit gets the other half."""
        await world.happen(2, size=5)
        async with following(world.broker, world.project_id, after=3) as follower:
            assert await follower.reaches(10) == up_to(10, after=3)

    async def test_following_from_now_on_leaves_out_the_past(self, world: World) -> None:
        """Without a position the first event is the next one to happen."""
        await world.happen(5)
        async with following(world.broker, world.project_id, after=None) as follower:
            await follower.pulsed(1)  # it has joined
            await world.happen(3)

            assert await follower.reaches(8) == [6, 7, 8]

    async def test_commits_announced_out_of_order_are_seen_in_order(self, world: World) -> None:
        """Processes that overtake each other between commit and announcement change nothing for followers."""
        async with following(world.broker, world.project_id) as follower:
            await follower.pulsed(1)
            first, second, third = [await world.write(2) for _ in range(3)]
            for commit in (third, first, second):
                await world.announce(commit)

            assert await follower.reaches(6) == up_to(6)

    async def test_followers_do_not_disturb_each_other(self, world: World) -> None:
        """Each sees everything behind its own position; that one leaves is nothing to the others."""
        await world.happen(10)
        async with (
            following(world.broker, world.project_id, after=0) as behind,
            following(world.broker, world.project_id, after=9) as ahead,
        ):
            async with following(world.broker, world.project_id, after=5) as leaving:
                await leaving.reaches(10)
            await world.happen(10)

            assert await behind.reaches(20) == up_to(20)
            assert await ahead.reaches(20) == up_to(20, after=9)

    async def test_a_follower_who_takes_its_time_misses_nothing(self, world: World) -> None:
        """A follower is a position: what happens while it does not ask is there when it does."""
        async with aclosing(world.broker.follow(world.project_id, 0)) as chunks:
            await world.happen(1)
            seen = [event.position for event in await anext(chunks)]
            await world.happen(40)
            while not seen or seen[-1] < world.position:
                seen += [event.position for event in await anext(chunks)]

        assert seen == up_to(41)

    async def test_projects_do_not_meet(self, world: World) -> None:
        """A follower of one project hears nothing of another."""
        other = new_id()
        async with (
            following(world.broker, world.project_id) as follower,
            following(world.broker, other) as stranger,
        ):
            await world.happen(3)
            await follower.reaches(3)
            await stranger.pulsed(3)

            assert stranger.positions == []

    async def test_a_pulse_comes_while_nothing_happens_and_while_much_does(self, world: World) -> None:
        """Whoever must do something now and then is woken for it, however quiet or busy the project is."""
        async with following(world.broker, world.project_id) as follower:
            await follower.pulsed(2)
            while follower.pulses < 4:
                await world.happen(1)
                await follower.reaches(world.position)

            assert follower.positions == up_to(world.position)

    async def test_a_position_that_does_not_exist_yet_is_refused(self, world: World) -> None:
        """A cursor from nowhere must not wait for the future."""
        await world.happen(3)
        chunks = world.broker.follow(world.project_id, 4)

        with pytest.raises(CursorInvalid):
            await anext(chunks)

    async def test_a_position_whose_next_event_is_gone_is_refused(self, world: World) -> None:
        """Events that are no longer kept are never skipped in silence."""
        await world.happen(10)
        await world.trim()
        await world.happen(1)
        chunks = world.broker.follow(world.project_id, 3)

        with pytest.raises(CursorExpired):
            await anext(chunks)

    async def test_leaving_leaves_nothing_behind(self, world: World) -> None:
        """Followers come and go without a trace: no task stays."""
        before = asyncio.all_tasks()
        for _ in range(100):
            async with following(world.broker, world.project_id) as follower:
                await world.happen(1)
                await follower.reaches(world.position)

        assert asyncio.all_tasks() == before

    async def test_chunks_follow_each_other(self, world: World) -> None:
        """Chunks are never out of order among themselves, and each event is where its position says."""
        async with following(world.broker, world.project_id) as follower:
            await world.happen(15, size=2)
            await follower.reaches(30)

        assert all(later.position == earlier.position + 1 for earlier, later in pairwise(follower.events))
