"""States that are followed: the present one at once, newer ones when they come, and nothing twice."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from analytics.questions import Dimension
from auth.projects import create_project
from ingest.drafts import Draft, StepDraft, TraceCorrection, TraceDraft
from ingest.pricing import unpriced
from ingest.writer import open_writer
from models.comparisons import IDFilter, StringFilter
from models.database import Database, open_database
from models.enums import StepStatus, TraceStatus
from models.errors import Invalid, NotFound
from models.filters import StepFilter, TraceFilter
from models.ids import new_id
from models.values import Id, Uuid
from pubsub.event import encode
from pubsub.memory import MemoryBroker
from resolvers import states
from resolvers.context import Context
from resolvers.streams import Chunk
from tests.pubsub.commits import MOMENT
from tests.resolvers.conftest import VIEWER

HOUR = timedelta(hours=1)
SOON = timedelta(milliseconds=100)


@pytest.fixture
async def context(database_url: str) -> AsyncIterator[Context]:
    """Somebody who may do everything, over a broker that pulses quickly."""
    broker = MemoryBroker(pulse=0.02)
    async with open_database(database_url) as database, open_writer(database, broker, unpriced) as writer:
        project_id = await a_project(database)
        yield Context(viewer=VIEWER, project_id=project_id, database=database, writer=writer, broker=broker)


async def a_project(database: Database) -> str:
    return str((await create_project(database, f"project {new_id()}"))["id"])


async def record(context: Context, *drafts: Draft) -> None:
    outcomes = await context.writer.record(context.project_id, drafts)
    assert [outcome.problems for outcome in outcomes] == [()] * len(drafts)


async def next_of(chunks: AsyncIterator[Chunk]) -> Any:
    async with asyncio.timeout(20):
        ((_, value),) = (await anext(chunks)).told
    return value


def a_step(trace: str, **given: Any) -> StepDraft:
    moment = datetime.now(UTC)
    return StepDraft(id=Uuid(new_id()), trace_id=Uuid(trace), name="search", start_time=moment, **given)


async def test_a_trace_is_shown_as_it_is_and_as_it_grows(context: Context) -> None:
    """The present state comes at once; then newer ones, in which nothing that was stored is missing in the end."""
    trace = Uuid(new_id())
    await record(context, TraceDraft(id=trace, name="checkout"))
    async with aclosing(states.trace(context, id=Id(trace))) as seen:
        assert (await next_of(seen))["step_count"] == 0
        await record(context, TraceDraft(id=Uuid(new_id()), name="another"))
        for _ in range(5):
            await record(context, a_step(trace, status=StepStatus.OK))
        await record(context, TraceCorrection(id=trace, status=TraceStatus.OK))
        shown = [await next_of(seen)]
        while shown[-1]["status"] != "OK":
            shown.append(await next_of(seen))

    assert shown[-1]["step_count"] == 5
    assert len(shown) < 6


async def test_a_trace_that_is_deleted_is_no_longer_followed(context: Context) -> None:
    """The stream ends with the trace, without an error."""
    trace = Uuid(new_id())
    await record(context, TraceDraft(id=trace, name="checkout"))
    async with aclosing(states.trace(context, id=Id(trace))) as seen:
        await next_of(seen)
        await context.broker.publish(context.project_id, 2, 2, encode([("TRACE_DELETED", str(trace), None)], MOMENT))
        with pytest.raises(StopAsyncIteration):
            await next_of(seen)


@pytest.mark.parametrize("identity", ["019a0000-0000-7000-8000-00000000000a", "nonsense"])
async def test_a_trace_that_is_not_there_is_not_followed(context: Context, identity: str) -> None:
    """An absent trace is told as such."""
    with pytest.raises(NotFound) as caught:
        await next_of(states.trace(context, id=Id(identity)))

    assert caught.value.path == ("id",)


async def test_analytics_are_sent_when_their_numbers_change(context: Context) -> None:
    """The present numbers come at once, the next ones when they are others, and what changes none sends nothing."""
    trace, only = new_id(), StepFilter(name=StringFilter(eq="search"))
    asked: Any = {"window": HOUR, "every": SOON, "steps": only, "group_by": [Dimension.NAME]}
    async with aclosing(states.analytics(context, **asked)) as seen:
        assert (await next_of(seen))["totals"]["step_count"] == 0
        other = StepDraft(id=Uuid(new_id()), trace_id=Uuid(trace), name="other", start_time=datetime.now(UTC))
        await record(context, other)
        await record(context, a_step(trace, status=StepStatus.OK))
        first = await next_of(seen)
        await record(context, a_step(trace), a_step(trace))
        second = await next_of(seen)

    assert [answer["totals"]["step_count"] for answer in (first, second)] == [1, 3]
    assert [len(answer["groups"]) for answer in (first, second)] == [1, 1]
    assert second["end"] - second["start"] == HOUR


async def test_analytics_notice_what_leaves_their_window(context: Context) -> None:
    """Numbers change without an event when steps get too old for the window."""
    asked: Any = {"window": timedelta(seconds=2), "every": SOON}
    await record(context, a_step(new_id()))
    async with aclosing(states.analytics(context, **asked)) as seen:
        assert (await next_of(seen))["totals"]["step_count"] == 1
        assert (await next_of(seen))["totals"]["step_count"] == 0


@pytest.mark.parametrize(
    ("asked", "path"),
    [
        ({"window": timedelta(0)}, ("window",)),
        ({"window": timedelta(days=367)}, ("window",)),
        ({"window": HOUR, "every": timedelta(0)}, ("every",)),
        ({"window": HOUR, "traces": TraceFilter(project=IDFilter(in_=[]))}, ("traces", "project")),
    ],
)
async def test_analytics_that_can_not_be_followed_are_refused(
    context: Context, asked: dict[str, Any], path: tuple[str, ...]
) -> None:
    """A window without length, a stream of answers without pause, and no project are nothing to follow."""
    with pytest.raises(Invalid) as caught:
        await next_of(states.analytics(context, **asked))

    assert caught.value.path == path
