"""Events as they happen: from the broker, with the rows they are about."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import aclosing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from auth.projects import project_of
from auth.viewer import READ, require
from models.enums import EventType
from models.errors import CursorExpired, Invalid
from models.filter_predicate import Predicate, traces_predicate
from models.filter_sql import Condition, traces_where
from models.filters import TraceFilter
from models.rows import Row
from models.values import Id
from pubsub import cursor, errors
from pubsub.event import Event
from resolvers.context import Context
from resolvers.pages import Cursor
from resolvers.projects import chosen
from resolvers.rows import Columns
from resolvers.streams import Chunk, Chunks
from resolvers.subjects import WIDE, Part, Rows, patiently, subjects

# Events whose rows are read and held at once; fewer where each may weigh megabytes.
BATCH = 100
WIDE_BATCH = 20

TYPENAMES = {kind.value: kind.title().replace("_", "") for kind in EventType}

# matching: what rows alone could not decide, of a whole batch at once.
MATCHING = "SELECT id FROM traces WHERE project_id = $1 AND id = ANY ($2::uuid[]) AND {filter}"


async def begin(
    context: Context,
    *,
    project: Id | None = None,
    filter: TraceFilter | None = None,
    types: list[EventType] | None = None,  # noqa: ARG001  says nothing about where to begin
    after: Cursor | None = None,
) -> Chunk:
    """Where a follower begins: behind its cursor, or here and now, of which a checkpoint tells it the cursor.

    With that cursor it can resume even when its connection breaks before the first event.
    """
    context, filter = await one_project(context, project, filter)
    traces_predicate(filter)
    head = await context.broker.head(context.project_id)
    if after is None:
        here = cursor_at(context, head)
        return Chunk(told=[(head, _checkpoint(context, head, datetime.now(UTC)))], position=head, cursor=here)
    with told_to_clients():
        position = cursor.decode(context.project_id, after)
        if position > head:
            raise errors.CursorInvalid("Nothing has happened at this position yet.")
    return Chunk(position=position, cursor=after)


async def events(
    context: Context,
    *,
    project: Id | None = None,
    filter: TraceFilter | None = None,
    types: list[EventType] | None = None,
    after: Cursor | None = None,
    columns: Columns = None,
) -> Chunks:
    """Every change in the project, in order, once. Resumes after `after` without loss, or says why it can't."""
    context, filter = await one_project(context, project, filter)
    sieve = Sieve.of(filter, types)
    size = BATCH if columns is not None and WIDE.isdisjoint(columns) else WIDE_BATCH
    passed_over: Event | None = None
    async with aclosing(follow(context, after)) as batches:
        async for events in batches:
            for batch in (events[start : start + size] for start in range(0, len(events), size)):
                wanted = await sieve.passing(context, batch)
                rows = await subjects(context, wanted, columns)
                yield _chunk(context, batch[-1].position, [(e.position, _row(context, e, rows)) for e in wanted])
                passed_over = None if wanted and wanted[-1] is batch[-1] else batch[-1]
            if not events and passed_over is not None:
                position, moment = passed_over.position, passed_over.occurred_at
                passed_over = None
                yield _chunk(context, position, [(position, _checkpoint(context, position, moment))])


async def follow(context: Context, after: Cursor | None) -> AsyncGenerator[Sequence[Event], None]:
    """The events of the project after a cursor, or from now on; every few seconds none, whatever else comes."""
    with told_to_clients():
        position = None if after is None else cursor.decode(context.project_id, after)
        async with aclosing(context.broker.follow(context.project_id, position)) as chunks:
            async for chunk in chunks:
                yield chunk


def cursor_at(context: Context, position: int) -> Cursor:
    """The cursor of a position of the project."""
    return Cursor(cursor.encode(context.project_id, position))


@contextmanager
def told_to_clients() -> Iterator[None]:
    """Raise what is wrong with a cursor as an error of the argument `after`."""
    try:
        yield
    except errors.CursorInvalid as error:
        raise Invalid(str(error), path=["after"]) from error
    except errors.CursorExpired as error:
        raise CursorExpired(path=["after"]) from error


@dataclass(frozen=True, kw_only=True)
class Sieve:
    """Which events somebody wants: of certain types, about traces of a certain set."""

    types: frozenset[str]
    predicate: Predicate | None
    condition: Condition

    @classmethod
    def of(cls, filter: TraceFilter | None, types: Sequence[EventType] | None) -> Sieve:
        """The sieve for what was asked. Raises Invalid."""
        condition = traces_where(filter, offset=3)
        return cls(
            types=frozenset(EventType if types is None else types),
            predicate=None if condition.is_everything else traces_predicate(filter),
            condition=condition,
        )

    async def passing(self, context: Context, events: Sequence[Event]) -> Sequence[Event]:
        """Those of these events that are wanted, judged by their traces as they are now.

        A deletion always is: of a trace that is gone nobody can say what it was, and whoever showed it has to know.
        """
        wanted = [event for event in events if event.type in self.types]
        if self.predicate is None or not wanted:
            return wanted
        rows = await subjects(context, wanted, self.predicate.columns, Part.TRACE)
        verdicts = {trace: self.predicate.decide(row) for (trace, _), row in rows.items()}
        open_ = [trace for trace, verdict in verdicts.items() if verdict is None]
        if open_:
            verdicts |= dict.fromkeys(await patiently(lambda: self._matching(context, open_)), True)
        return [event for event in wanted if event.type == EventType.TRACE_DELETED or verdicts.get(event.trace_id)]

    async def _matching(self, context: Context, ids: Sequence[str]) -> list[str]:
        sql = MATCHING.format(filter=self.condition.sql)
        rows = await context.database.fetch(sql, context.project_id, ids, *self.condition.values)
        return [row["id"] for row in rows]


async def one_project(
    context: Context, project: Id | None, filter: TraceFilter | None, argument: str = "filter"
) -> tuple[Context, TraceFilter | None]:
    """The surroundings in the one project that is followed, and what else the filter says. Raises Refused, Invalid."""
    require(context.viewer, READ)
    if project is not None:
        context = replace(context, project_id=await project_of(context.database, context.viewer, project))
    projects, filter = await chosen(context, filter, argument)
    if len(projects) != 1:
        raise Invalid("A stream follows one project: open one for each.", path=[argument, "project"])
    return replace(context, project_id=projects[0]), filter


def _chunk(context: Context, position: int, told: Sequence[tuple[int, Row]]) -> Chunk:
    return Chunk(told=told, position=position, cursor=cursor_at(context, position))


def _row(context: Context, event: Event, rows: Rows) -> Row:
    """What a subscriber sees of an event; one about something that was deleted since only moves the cursor on."""
    if event.type == EventType.TRACE_DELETED:
        return _told(context, event.type, event.position, event.occurred_at, {"trace_id": event.trace_id})
    subject = rows.get((event.trace_id, event.step_id))
    if subject is None:
        return _checkpoint(context, event.position, event.occurred_at)
    about = {"trace" if event.step_id is None else "step": subject}
    return _told(context, event.type, event.position, event.occurred_at, about)


def _checkpoint(context: Context, position: int, moment: datetime) -> Row:
    return _told(context, EventType.CHECKPOINT, position, moment, {})


def _told(context: Context, kind: str, position: int, moment: datetime, about: Mapping[str, Any]) -> Row:
    return {
        "__typename": TYPENAMES[kind],
        "type": EventType(kind),
        "cursor": cursor_at(context, position),
        "occurred_at": moment,
        **about,
    }
