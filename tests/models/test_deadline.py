"""Deadlines interrupt what takes too long, and nothing else."""

import asyncio

import pytest

from models.deadline import Deadline

LONG = 60.0


async def for_ever() -> None:
    """Wait for what never happens."""
    await asyncio.Event().wait()


async def test_a_body_that_takes_too_long_is_interrupted() -> None:
    """It ends by TimeoutError, and the task goes on afterwards as if nothing had happened."""
    deadline = Deadline(0.01)
    with pytest.raises(TimeoutError), deadline:
        await for_ever()
    await asyncio.sleep(0)

    assert deadline.expired


async def test_a_body_in_time_is_left_alone() -> None:
    """Nothing is left of a deadline that was met."""
    later = asyncio.Event()
    with Deadline(0.01) as deadline:
        asyncio.get_running_loop().call_later(0.05, later.set)
    await later.wait()

    assert not deadline.expired


async def test_a_cancellation_by_others_stays_one() -> None:
    """Who cancels the task gets a cancelled task, also in the moment in which the time is over."""
    inside: set[Deadline] = set()

    async def work() -> None:
        with Deadline(LONG, inside):
            await for_ever()

    tasks = [asyncio.create_task(work()) for _ in range(2)]
    await asyncio.sleep(0)
    tasks[0].cancel()
    for deadline in inside:
        deadline.cut()

    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [asyncio.CancelledError, TimeoutError]


async def test_the_outer_of_two_ends_both() -> None:
    """The inner one hands on the interruption, which is not its own."""
    inner = Deadline(LONG)
    with pytest.raises(TimeoutError), Deadline(0.01) as outer, inner:
        await for_ever()

    assert (outer.expired, inner.expired) == (True, False)


async def test_who_has_left_is_not_among_those_who_are_cut() -> None:
    """Only what is inside can be cut."""
    inside: set[Deadline] = set()
    with Deadline(LONG, inside):
        assert len(inside) == 1

    assert inside == set()
