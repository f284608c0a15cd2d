"""Those who follow the same are told together, each from its own position on; nothing is left of them."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from typing import Any

import orjson
import pytest

from models.errors import Invalid
from operations.answers import Answer
from operations.engine import Engine, engine
from operations.groups import NEAR, Groups
from tests.fakes.followed import UNLUCKY, Asked, Log, followed_schema
from tests.waiting import eventually

NUMBERS = "subscription ($after: Cursor, $top: Int! = 0) { numbers(after: $after, top: $top) { value square } }"
SMALL = 20_000  # bytes, the window of one group


@pytest.fixture
def log() -> Log:
    return Log()


@pytest.fixture
def following() -> Engine:
    return engine(followed_schema(), scope=lambda asked: asked.scope, groups=Groups(SMALL))


class Follower:
    """Somebody who follows; `values` are those seen so far."""

    def __init__(self, answers: AsyncIterator[Sequence[Answer]]) -> None:
        self._answers = answers
        self.values: list[Any] = []
        self.bodies: list[Any] = []

    async def next(self) -> None:
        async with asyncio.timeout(10):
            several = await anext(self._answers)
        for answer in several:
            body = orjson.loads(answer.body)
            self.bodies.append(body)
            if "data" in body:
                self.values.append(next(iter(body["data"].values()))["value"])

    async def until(self, value: int) -> list[Any]:
        while not self.values or self.values[-1] < value:
            await self.next()
        return self.values


@asynccontextmanager
async def followed(
    by: Engine, asked: Asked, document: str = NUMBERS, after: str | None = None, **variables: Any
) -> AsyncIterator[Follower]:
    """A follower that was told where it begins."""
    async with aclosing(by.stream(by.prepare(document, None), variables, asked, after)) as answers:
        follower = Follower(answers)
        if after is None and "after" not in variables:
            await follower.next()
        yield follower


async def test_those_who_ask_the_same_are_executed_once(following: Engine, log: Log) -> None:
    """A hundred followers of the same, with and without a cursor, are one source and one execution per event."""
    asked = Asked(log=log)
    async with asyncio.timeout(10), AsyncExitStack() as stack:
        followers = [await stack.enter_async_context(followed(following, asked)) for _ in range(99)]
        followers.append(await stack.enter_async_context(followed(following, asked, after="0")))
        waiting = [asyncio.ensure_future(follower.until(3)) for follower in followers]
        await eventually(lambda: started(log))
        log.counts["executed"] = 0
        log.happen(3)
        told = await asyncio.gather(*waiting)

    assert [values[-3:] for values in told] == [[1, 2, 3]] * 100
    assert (log.counts["executed"], log.counts["started"]) == (3, 1)


async def test_variables_that_can_not_be_compared_are_nobody_elses(following: Engine, log: Log) -> None:
    """A variable may be nested more deeply than is written; who sends it is told what happens like everybody else."""
    deep: list[Any] = []
    for _ in range(500):
        deep = [deep]
    async with asyncio.timeout(10), followed(following, Asked(log=log), unused=deep) as follower:
        waiting = asyncio.ensure_future(follower.until(3))
        await eventually(lambda: started(log))
        log.happen(3)

        assert (await waiting)[-3:] == [1, 2, 3]


@pytest.mark.parametrize(
    "other",
    [
        pytest.param({"document": NUMBERS.replace("square", "")}, id="another document"),
        pytest.param({"top": 5}, id="other variables"),
        pytest.param({"scope": "less"}, id="another scope"),
    ],
)
async def test_those_who_ask_something_else_are_another_group(
    following: Engine, log: Log, other: Mapping[str, Any]
) -> None:
    """What may differ in a single byte, or for a single right, is not shared."""
    variables = {name: value for name, value in other.items() if name == "top"}
    theirs = Asked(log=log, scope=other.get("scope", "all"))
    async with (
        followed(following, Asked(log=log)) as one,
        followed(following, theirs, other.get("document", NUMBERS), **variables) as two,
    ):
        waiting = [asyncio.ensure_future(each.until(1)) for each in (one, two)]
        await eventually(lambda: started(log, 2))
        log.happen()
        await asyncio.gather(*waiting)

        assert len(following.groups) == 2


async def test_who_comes_back_is_told_what_it_missed_and_then_what_comes(following: Engine, log: Log) -> None:
    """Past and present join without a seam, wherever the cursor is given, and whether or not a group is there."""
    asked = Asked(log=log)
    log.happen(30)
    async with followed(following, asked) as there, followed(following, asked, after="4") as back:
        await back.until(30)
        async with followed(following, asked, after="28") as again:
            log.happen(2)

            assert await back.until(32) == [*range(5, 33)]
            assert await again.until(32) == [29, 30, 31, 32]
            assert await there.until(32) == [30, 31, 32]


async def test_who_is_far_behind_goes_alone_until_it_meets_the_others(following: Engine, log: Log) -> None:
    """A long way back is gone alone; then there is one source again, and nothing was missed or repeated."""
    asked = Asked(log=log)
    log.happen(NEAR * 3)
    async with followed(following, asked) as there, followed(following, asked, after="0") as back:
        log.happen()
        await there.until(NEAR * 3 + 1)

        assert await back.until(NEAR * 3 + 1) == [*range(1, NEAR * 3 + 2)]
        log.happen()
        assert (await back.until(NEAR * 3 + 2))[-1] == NEAR * 3 + 2
        assert log.counts["sources"] == 1


async def test_who_falls_out_of_the_window_misses_nothing(following: Engine, log: Log) -> None:
    """A follower that does not keep up holds nobody back, and finds later what the window no longer has."""
    asked = Asked(log=log)
    async with followed(following, asked) as fast, followed(following, asked) as slow:
        for number in range(1, 201):
            log.happen()
            await fast.until(number)

        assert await slow.until(200) == [*range(201)]


async def test_a_filter_that_lets_nothing_through_lets_the_others_meet(following: Engine, log: Log) -> None:
    """Who is told nothing on its way back still arrives."""
    asked = Asked(log=log)
    log.happen(NEAR * 3)
    async with followed(following, asked, top=1) as there, followed(following, asked, top=1, after="0") as back:
        waiting = asyncio.ensure_future(back.until(2))
        await eventually(lambda: started(log, 2))
        await eventually(lambda: sources(log, 1))
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)

        assert back.values == [1]
        assert there.values == [NEAR * 3]


async def test_a_state_is_told_at_once_and_then_when_it_changes(following: Engine, log: Log) -> None:
    """Of a state everybody gets the latest, also who comes later, and none twice."""
    asked, document = Asked(log=log), "subscription { heads { value } }"
    log.happen(5)
    async with followed(following, asked, document) as one:
        log.happen()
        log.happen(34)
        assert await one.until(40) == [0, 40]
        async with followed(following, asked, document) as two:
            assert two.values == [40]
            assert log.counts["sources"] == 1


async def test_one_that_fails_does_not_fail_its_neighbours(following: Engine, log: Log) -> None:
    """What goes wrong with one event of a batch is told in its place."""
    asked = Asked(log=log)
    log.happen(20)
    async with followed(following, asked, after=str(UNLUCKY - 2)) as follower:
        await follower.until(20)

    assert follower.values == [*range(UNLUCKY - 1, 21)]
    failed = [body for body in follower.bodies if "errors" in body]
    assert [body["data"]["numbers"] for body in failed] == [{"value": UNLUCKY, "square": None}]
    assert failed[0]["errors"][0]["path"] == ["numbers", "square"]


async def test_a_source_that_fails_ends_everybody_and_the_next_begins_anew(following: Engine, log: Log) -> None:
    """All are told why; who comes afterwards finds a group that works."""
    asked = Asked(log=log)
    async with followed(following, asked) as one, followed(following, asked) as two:
        waiting = [asyncio.ensure_future(each.until(1)) for each in (one, two)]
        await eventually(lambda: started(log))
        log.failure = Invalid("It is over.")
        log.notify()
        ends = await asyncio.gather(*waiting, return_exceptions=True)
        log.failure = None

        assert [type(end) for end in ends] == [StopAsyncIteration] * 2
        assert [each.bodies[-1]["errors"][0]["message"] for each in (one, two)] == ["It is over."] * 2
        async with followed(following, asked) as three:
            log.happen()
            assert await three.until(1) == [0, 1]


async def test_a_source_that_is_done_completes_everybody(following: Engine, log: Log) -> None:
    """What is over ends, without an error, after its last answer."""
    async with followed(following, Asked(log=log)) as follower:
        waiting = asyncio.ensure_future(follower.until(2))
        await eventually(lambda: started(log))
        log.happen()
        log.over = True
        log.notify()
        with pytest.raises(StopAsyncIteration):
            await waiting

    assert follower.values == [0, 1]


@pytest.mark.parametrize(
    ("variables", "path"), [({"after": "0"}, ["after"]), ({"top": -1}, ["top"])], ids=["expired", "refused"]
)
async def test_what_can_not_be_followed_is_refused(
    following: Engine, log: Log, variables: dict[str, Any], path: list[str]
) -> None:
    """A cursor of what is no longer there, and arguments that nobody can answer, end what had not begun."""
    log.head, log.oldest = NEAR * 3, NEAR * 2
    prepared = following.prepare(NUMBERS, None)
    stream = following.stream(prepared, variables, Asked(log=log))
    (answer,) = [answer async for several in stream for answer in several]

    assert not answer.has_data
    assert orjson.loads(answer.errors)[0]["extensions"]["path"] == path


async def test_nothing_is_left_when_all_have_left(following: Engine, log: Log) -> None:
    """With the last member goes the group, its task and its source."""
    asked = Asked(log=log)
    log.happen()
    before = len(asyncio.all_tasks())
    async with AsyncExitStack() as stack:
        for _ in range(20):
            await stack.enter_async_context(followed(following, asked))
            back = await stack.enter_async_context(followed(following, asked, after="0"))
            await back.until(1)
    await eventually(lambda: sources(log, 0))

    assert len(following.groups) == 0
    assert len(asyncio.all_tasks()) == before


async def test_coming_and_leaving_ten_thousand_times_leaves_nothing(following: Engine, log: Log) -> None:
    """Neither tasks nor groups nor memory grow with those who have left."""
    asked = Asked(log=log)
    log.happen()

    async def visit(times: int) -> int:
        for number in range(times):
            async with followed(following, asked, after="0", top=number % 7) as follower:
                await follower.until(1)
        await eventually(lambda: sources(log, 0))
        gc.collect()
        return len(gc.get_objects())

    before, tasks = await visit(500), len(asyncio.all_tasks())
    after = await visit(10_000)

    assert (len(following.groups), len(asyncio.all_tasks())) == (0, tasks)
    assert after - before < 500


async def started(log: Log, number: int = 1) -> bool:
    """Whether so many sources have begun."""
    return log.counts["started"] >= number


async def sources(log: Log, number: int) -> bool:
    """Whether so many sources run."""
    return log.counts["sources"] == number
