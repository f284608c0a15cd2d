"""States that are followed: the present one at once, then newer ones; whoever is slow skips those in between."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from analytics.questions import Dimension, Interval, TimeRange
from auth.viewer import READ, require
from models.enums import EventType
from models.errors import Invalid, NotFound
from models.filters import StepFilter, TraceFilter
from models.ids import canonical
from models.values import Id
from resolvers import analytics as questions
from resolvers import traces
from resolvers.context import Context
from resolvers.events import cursor_at, follow, one_project
from resolvers.rows import Columns
from resolvers.streams import Chunks, state
from resolvers.subjects import patiently

# A trace that changes all the time is shown so often.
STATE_SECONDS = 0.1

SHORTEST_EVERY, LONGEST_EVERY = timedelta(milliseconds=100), timedelta(hours=1)
SHORTEST_WINDOW, LONGEST_WINDOW = timedelta(seconds=1), timedelta(days=366)
A_SECOND = timedelta(seconds=1)
# Steps leave a window without an event; that is looked after so often in the time that a window takes.
AGEING = 60

# What moves with the window, or leads to more.
UNTOLD = frozenset({"start", "end", "asked", "slice", "place"})


async def trace(context: Context, *, id: Id, columns: Columns = None) -> Chunks:
    """One trace as it grows: its present state at once, then each newer state (intermediate states may be skipped).

    Completes when the trace is deleted.
    """
    require(context.viewer, READ)
    wanted = canonical(id)
    head = await context.broker.head(context.project_id)
    (row,) = await traces.by_ids(context, [id], columns)
    if row is None:
        raise NotFound("There is no such trace.", path=["id"])
    yield state(head, row)
    async with aclosing(follow(context, cursor_at(context, head))) as batches:
        async for batch in batches:
            news = [event for event in batch if event.trace_id == wanted]
            if not news:
                continue
            (row,) = await patiently(partial(traces.by_ids, context, [id], columns))
            if row is None or news[-1].type == EventType.TRACE_DELETED:
                return
            yield state(news[-1].position, row)
            await asyncio.sleep(STATE_SECONDS)


async def analytics(
    context: Context,
    *,
    window: timedelta,
    every: timedelta | None = A_SECOND,
    traces: TraceFilter | None = None,
    steps: StepFilter | None = None,
    group_by: Sequence[Dimension] | None = (),
    interval: Interval | None = None,
    top: int | None = questions.DEFAULT_GROUPS,
) -> Chunks:
    """Analytics of a sliding window, sent when they change, at most once per `every`."""
    require(context.viewer, READ)
    pause = A_SECOND if every is None else every
    _check(window, pause)
    context, traces = await one_project(context, None, traces, "traces")
    ask = partial(
        questions.analytics, context, traces=traces, steps=steps, group_by=group_by, interval=interval, top=top
    )
    shown: Any = None
    number = 0
    async with aclosing(_moments(context, window, pause)) as moments:
        async for moment in moments:
            answer = await patiently(partial(ask, range=TimeRange(start=moment - window, end=moment)))
            if _told(answer) != shown:
                shown, number = _told(answer), number + 1
                yield state(number, answer)


async def _moments(context: Context, window: timedelta, pause: timedelta) -> AsyncGenerator[datetime, None]:
    """When to look: at once, and then when something has happened or something has aged, with a pause in between."""
    time = asyncio.get_running_loop().time
    here = cursor_at(context, await context.broker.head(context.project_id))
    looked = time()
    yield datetime.now(UTC)
    # From where it was before the first look: what happened since may not have been seen by it.
    async with aclosing(follow(context, here)) as batches:
        async for batch in batches:
            if not batch and time() - looked < window.total_seconds() / AGEING:
                continue
            await asyncio.sleep(looked + pause.total_seconds() - time())
            looked = time()
            yield datetime.now(UTC)


def _told(answer: Any) -> Any:
    """The figures of an answer, without what moves with the window."""
    if isinstance(answer, Mapping):
        return {name: _told(value) for name, value in answer.items() if name not in UNTOLD}
    if isinstance(answer, list):
        return [_told(value) for value in answer]
    return answer


def _check(window: timedelta, every: timedelta) -> None:
    if not SHORTEST_WINDOW <= window <= LONGEST_WINDOW:
        raise Invalid("A window is between a second and 366 days long.", path=["window"])
    if not SHORTEST_EVERY <= every <= LONGEST_EVERY:
        raise Invalid("`every` is between a tenth of a second and an hour.", path=["every"])
