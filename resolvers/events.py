"""Events as they happen: from the broker, with the rows they are about."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Collection, Iterator, Mapping, Sequence
from contextlib import aclosing, contextmanager
from dataclasses import replace
from typing import Any

from auth.keys import confirm
from auth.projects import project_of
from auth.viewer import READ, require
from models.enums import EventType
from models.errors import CursorExpired, Invalid, Unavailable
from models.rows import Row
from models.values import Id
from pubsub import cursor, errors
from pubsub.event import Event
from resolvers import steps, traces
from resolvers.context import Context
from resolvers.pages import Cursor

BATCH = 100  # events whose rows are read and held at once
PATIENCE_SECONDS = 30.0
RETRY_SECONDS = 0.5

TYPENAMES = {kind.value: kind.title().replace("_", "") for kind in EventType}


async def events(
    context: Context,
    *,
    project: Id | None = None,
    types: list[EventType] | None = None,
    after: Cursor | None = None,
) -> AsyncGenerator[Row, None]:
    """Every change in the project, in order, once. Resumes after `after` without loss, or says why it can't."""
    require(context.viewer, READ)
    if project is not None:
        context = replace(context, project_id=await project_of(context.database, context.viewer, project))
    wanted = frozenset(EventType if types is None else types)
    async with aclosing(_follow(context, after)) as chunks, aclosing(_rows(context, chunks, wanted)) as rows:
        async for row in rows:
            yield row


async def _follow(context: Context, after: Cursor | None) -> AsyncGenerator[Sequence[Event], None]:
    """The chunks of the broker, cut to what may be held at once; at a pulse the key must still be good."""
    with _told_to_clients():
        position = None if after is None else cursor.decode(context.project_id, after)
        async with aclosing(context.broker.follow(context.project_id, position)) as chunks:
            async for chunk in chunks:
                if not chunk:
                    await confirm(context.database, context.viewer)
                    yield chunk
                for start in range(0, len(chunk), BATCH):
                    yield chunk[start : start + BATCH]


async def _rows(
    context: Context, chunks: AsyncIterator[Sequence[Event]], types: Collection[str]
) -> AsyncGenerator[Row, None]:
    passed_over: Event | None = None
    async for chunk in chunks:
        wanted = [event for event in chunk if event.type in types]
        subjects = await _patiently(context, wanted)
        for event in wanted:
            yield _row(context, event, subjects)
        if chunk and (not wanted or wanted[-1] is not chunk[-1]):
            passed_over = chunk[-1]
        elif wanted:
            passed_over = None
        elif passed_over is not None:
            yield _checkpoint(context, passed_over)
            passed_over = None


async def _patiently(context: Context, wanted: Sequence[Event]) -> Mapping[tuple[str, str | None], Row]:
    """The rows of the events; a database that is away for a moment is no reason to end the stream."""
    time = asyncio.get_running_loop().time
    deadline = time() + PATIENCE_SECONDS
    while True:
        try:
            return await _subjects(context, wanted)
        except Unavailable:
            if time() > deadline:
                raise
            await asyncio.sleep(RETRY_SECONDS)


async def _subjects(context: Context, wanted: Sequence[Event]) -> dict[tuple[str, str | None], Row]:
    """The traces and steps that the events are about, as they are now, by their ids; at most two statements."""
    keys = {(event.trace_id, event.step_id) for event in wanted if event.type != EventType.TRACE_DELETED}
    trace_ids = [trace for trace, step in keys if step is None]
    here = {"project_id": context.project_id}
    step_keys = [here | {"trace_id": trace, "id": step} for trace, step in keys if step is not None]
    found: dict[tuple[str, str | None], Row] = {}
    if trace_ids:
        found |= {(row["id"], None): row for row in await traces.by_ids(context, trace_ids) if row}
    if step_keys:
        found |= {(row["trace_id"], row["id"]): row for row in await steps.recorded(context, step_keys) if row}
    return found


def _row(context: Context, event: Event, subjects: Mapping[tuple[str, str | None], Row]) -> Row:
    """What a subscriber sees of an event; one about something that was deleted since only moves the cursor on."""
    subject = subjects.get((event.trace_id, event.step_id))
    if event.type == EventType.TRACE_DELETED:
        return _told(context, event, trace_id=event.trace_id)
    if subject is None:
        return _checkpoint(context, event)
    return _told(context, event, **{"trace" if event.step_id is None else "step": subject})


def _checkpoint(context: Context, event: Event) -> Row:
    return _told(context, replace(event, type=EventType.CHECKPOINT))


def _told(context: Context, event: Event, **subject: Any) -> Row:
    return {
        "__typename": TYPENAMES[event.type],
        "type": EventType(event.type),
        "cursor": Cursor(cursor.encode(context.project_id, event.position)),
        "occurred_at": event.occurred_at,
        **subject,
    }


@contextmanager
def _told_to_clients() -> Iterator[None]:
    try:
        yield
    except errors.CursorInvalid as error:
        raise Invalid(str(error), path=["after"]) from error
    except errors.CursorExpired as error:
        raise CursorExpired(path=["after"]) from error
