"""What a subscriber to events gets: rows, cursors, checkpoints and refusals."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from auth.keys import authenticate, create_key
from auth.projects import create_project
from auth.viewer import INGEST, READ
from ingest.drafts import Draft, StepDraft, TraceCorrection, TraceDraft
from ingest.pricing import unpriced
from ingest.writer import open_writer
from models.comparisons import IDFilter, StringFilter
from models.database import Database, open_database
from models.enums import EventType, StepStatus, TraceStatus
from models.errors import CursorExpired, Invalid, NotFound, Refused, Unavailable
from models.event_log import head, read_log
from models.filters import StepFilter, TraceFilter
from models.ids import new_id
from models.rows import Row
from models.values import Id, Uuid
from pubsub import cursor
from pubsub.broker import open_broker
from pubsub.event import encode
from pubsub.log import Log
from pubsub.memory import MemoryBroker
from resolvers.context import Context
from resolvers.events import begin, events
from resolvers.pages import Cursor
from tests.fakes.database import FalteringDatabase, noting
from tests.pubsub.commits import MOMENT, a_commit

KEPT = 200
NAME = frozenset({"name"})
TYPES = (
    EventType.TRACE_STARTED,
    EventType.STEP_STARTED,
    EventType.STEP_FINISHED,
    EventType.TRACE_UPDATED,
    EventType.TRACE_FINISHED,
)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    async with open_database(database_url) as database:
        yield database


@pytest.fixture
async def context(database: Database) -> AsyncIterator[Context]:
    """A reader's, in a project of its own, over a broker that pulses quickly."""
    broker = MemoryBroker(kept=KEPT, pulse=0.02)
    project = await create_project(database, "watched")
    _, secret = await create_key(database, project_id=None, name="dashboard", scopes=[READ])
    async with open_writer(database, broker, unpriced) as writer:
        yield Context(
            viewer=await authenticate(database, secret),
            project_id=project["id"],
            database=database,
            writer=writer,
            broker=broker,
        )


async def record(context: Context, *drafts: Draft) -> None:
    outcomes = await context.writer.record(context.project_id, drafts)
    assert [outcome.problems for outcome in outcomes] == [()] * len(drafts)


def a_trace(**given: Any) -> TraceDraft:
    return TraceDraft(**{"id": Uuid(new_id()), "name": "checkout"} | given)


def a_step(trace: TraceDraft, **given: Any) -> StepDraft:
    assert trace.id is not None
    return StepDraft(**{"id": Uuid(new_id()), "trace_id": trace.id, "name": "search"} | given)


async def a_story(context: Context) -> TraceDraft:
    """A trace with a finished step, commit by commit, told by the events `TYPES`."""
    trace = a_trace()
    await record(context, trace)
    await record(context, a_step(trace, status=StepStatus.OK))
    await record(context, TraceCorrection(id=Uuid(str(trace.id)), user_id="ann"))
    await record(context, TraceCorrection(id=Uuid(str(trace.id)), status=TraceStatus.OK))
    return trace


async def taken(context: Context, number: int, **asked: Any) -> list[Row]:
    """The first few values of a subscription, which is closed afterwards."""
    rows: list[Row] = []
    async with asyncio.timeout(30), aclosing(events(context, **asked)) as stream:
        async for chunk in stream:
            rows += [row for _, row in chunk.told]
            if len(rows) >= number:
                break
    return rows[:number]


def a_deletion(position: int) -> tuple[int, int, str]:
    return position, position, encode([("TRACE_DELETED", new_id(), None)], MOMENT)


def from_the_start(context: Context) -> Cursor:
    return cursor_at(context, 0)


def cursor_at(context: Context, position: int) -> Cursor:
    return Cursor(cursor.encode(context.project_id, position))


def cursors(context: Context, *positions: int) -> list[Cursor]:
    return [cursor_at(context, position) for position in positions]


async def test_a_story_is_told_in_order_with_its_rows(context: Context) -> None:
    """Start, update and finish of a trace and of its step arrive in order, each with the row it is about."""
    trace = await a_story(context)
    rows = await taken(context, 5, after=from_the_start(context))

    assert [row["type"] for row in rows] == list(TYPES)
    assert [row["__typename"] for row in rows] == [
        *("TraceStarted", "StepStarted", "StepFinished", "TraceUpdated", "TraceFinished"),
    ]
    assert [row["cursor"] for row in rows] == cursors(context, 1, 2, 3, 4, 5)
    assert {row["trace"]["id"] for row in rows if "trace" in dict(row.items())} == {trace.id}
    assert [row["step"]["name"] for row in rows[1:3]] == ["search", "search"]
    assert rows[-1]["trace"]["user_id"] == "ann"


async def test_a_follower_begins_here_and_now_with_a_checkpoint(context: Context) -> None:
    """Who comes without a cursor is told one at once, and gets what happens from then on, and nothing from before."""
    await a_story(context)
    first = await begin(context)
    await a_story(context)
    ((_, checkpoint),) = first.told

    assert (checkpoint["__typename"], checkpoint["cursor"], first.cursor) == ("Checkpoint", *cursors(context, 5, 5))
    assert [row["cursor"] for row in await taken(context, 5, after=first.cursor)] == cursors(context, 6, 7, 8, 9, 10)


async def test_a_follower_who_comes_back_is_told_nothing_twice(context: Context) -> None:
    """Who comes with a cursor begins behind it, without a checkpoint."""
    await a_story(context)
    first = await begin(context, after=cursor_at(context, 3))

    assert (first.position, first.cursor, first.told) == (3, cursor_at(context, 3), ())


async def test_a_record_that_comes_finished_starts_and_finishes(context: Context) -> None:
    """A step that is sent once, when it is over, still has its start and its finish, in this order."""
    await record(context, a_trace(status=TraceStatus.OK))
    rows = await taken(context, 2, after=from_the_start(context))

    assert [row["type"] for row in rows] == [EventType.TRACE_STARTED, EventType.TRACE_FINISHED]


async def test_any_cursor_resumes_behind_its_event(context: Context) -> None:
    """From each event on the rest of the story is the same, the middle of a commit included."""
    await a_story(context)
    everything = await taken(context, 5, after=from_the_start(context))
    for number in range(1, 5):
        rest = await taken(context, 5 - number, after=everything[number - 1]["cursor"])

        assert [row["cursor"] for row in rest] == [row["cursor"] for row in everything[number:]]


async def test_types_choose_events(context: Context) -> None:
    """Only the chosen types arrive, each in its place."""
    await a_story(context)
    types = [EventType.TRACE_STARTED, EventType.TRACE_FINISHED]
    rows = await taken(context, 2, after=from_the_start(context), types=types)

    assert [row["cursor"] for row in rows] == cursors(context, 1, 5)


@pytest.mark.parametrize(
    "filter",
    [
        pytest.param(TraceFilter(user_id=StringFilter(eq="ann")), id="by its row"),
        pytest.param(TraceFilter(any_step=StepFilter(name=StringFilter(eq="lookup"))), id="by its steps"),
        pytest.param(TraceFilter(search="ann's"), id="by its words"),
    ],
)
async def test_a_filter_chooses_the_traces_whose_events_arrive(context: Context, filter: TraceFilter) -> None:
    """Of a trace in the set every event arrives, those of its steps too; of others none, however that is decided."""
    for user, name in (("bob", "search"), ("ann", "lookup")):
        trace = a_trace(user_id=user, name=f"{user}'s")
        await record(context, trace, a_step(trace, name=name))
    await context.broker.publish(context.project_id, *a_deletion(5))
    rows = await taken(context, 3, after=from_the_start(context), filter=filter)

    assert [row["cursor"] for row in rows] == cursors(context, 3, 4, 5)
    assert rows[-1]["type"] is EventType.TRACE_DELETED


async def test_a_filter_is_one_statement_a_batch(context: Context) -> None:
    """However many events come together, what rows can't decide is asked once."""
    traces = [a_trace() for _ in range(40)]
    await record(context, *traces)
    noted = noting(context.database)
    filter = TraceFilter(any_step=StepFilter(name=StringFilter(eq="search")), name=StringFilter(eq="checkout"))
    (checkpoint,) = await taken(
        replace(context, database=noted), 1, after=from_the_start(context), filter=filter, columns=frozenset({"id"})
    )

    assert checkpoint["cursor"] == cursor_at(context, 40)
    assert len([statement for statement in noted.statements if "FROM trace" in statement]) == 2


async def test_a_filter_that_rows_decide_asks_nothing(context: Context) -> None:
    """The rows that are shown anyway tell who wants them."""
    await record(context, *(a_trace(user_id=user) for user in ("ann", "bob")))
    noted = noting(context.database)
    filter = TraceFilter(user_id=StringFilter(eq="bob"))
    asked: Any = {"after": from_the_start(context), "filter": filter, "columns": frozenset({"id"})}
    (row,) = await taken(replace(context, database=noted), 1, **asked)

    assert row["trace"]["user_id"] == "bob"
    assert len([statement for statement in noted.statements if "FROM trace" in statement]) == 1


async def test_a_stream_follows_one_project(context: Context) -> None:
    """A filter that names several projects names no stream."""
    other = await create_project(context.database, "other")
    both = TraceFilter(project=IDFilter(in_=[Id(context.project_id), other["id"]]))
    with pytest.raises(Invalid) as caught:
        await begin(context, filter=both)

    assert caught.value.path == ("filter", "project")


async def test_followers_of_the_same_events_share_their_rows(context: Context) -> None:
    """However many follow, with whatever filter and selection, rows are read once."""
    noted = noting(context.database)
    here = replace(context, database=noted)
    await record(context, a_trace(user_id="ann"), a_trace(user_id="bob"))
    asked: list[Any] = [{"columns": frozenset({"name"})}, {"columns": frozenset({"user_id"})}]
    asked += [{"columns": frozenset({"id"}), "filter": TraceFilter(user_id=StringFilter(eq="ann"))}]
    told = await asyncio.gather(*[taken(here, 1, after=from_the_start(context), **each) for each in asked])

    assert [rows[0]["trace"]["user_id"] for rows in told] == ["ann", "ann", "ann"]
    assert len([statement for statement in noted.statements if "FROM trace" in statement]) == 1


async def test_what_was_passed_over_moves_the_cursor_on(context: Context) -> None:
    """A subscriber whom nothing concerns gets a checkpoint now and then, and resumes from there without loss."""
    await a_story(context)
    types = [EventType.TRACE_DELETED]
    (checkpoint,) = await taken(context, 1, after=from_the_start(context), types=types)
    await a_story(context)
    (following,) = await taken(context, 1, after=checkpoint["cursor"])

    assert (checkpoint["__typename"], checkpoint["type"]) == ("Checkpoint", EventType.CHECKPOINT)
    assert [checkpoint["cursor"], following["cursor"]] == cursors(context, 5, 6)


async def test_nothing_passed_over_makes_no_checkpoint(context: Context) -> None:
    """Checkpoints come for a reason: while nothing happens, none do."""
    await a_story(context)
    async with asyncio.timeout(30), aclosing(events(context, after=from_the_start(context))) as stream:
        seen = [await anext(stream)]
        while seen[-1].position < 5:
            seen.append(await anext(stream))
        waiting = asyncio.ensure_future(anext(stream))
        async with aclosing(context.broker.follow(context.project_id)) as pulses:
            for _ in range(3):
                await anext(pulses)
        await a_story(context)
        seen.append(await waiting)

    assert EventType.CHECKPOINT not in [row["type"] for chunk in seen for _, row in chunk.told]


async def test_what_was_deleted_since_leaves_a_checkpoint_in_its_place(context: Context) -> None:
    """An event about something that is gone still moves the cursor on, so no position is missing."""
    await a_story(context)
    await context.database.execute("DELETE FROM trace_steps WHERE project_id = $1", context.project_id)
    rows = await taken(context, 5, after=from_the_start(context))

    assert [row["cursor"] for row in rows] == cursors(context, 1, 2, 3, 4, 5)
    assert [row["type"] for row in rows] == [
        *(EventType.TRACE_STARTED, EventType.CHECKPOINT, EventType.CHECKPOINT),
        *(EventType.TRACE_UPDATED, EventType.TRACE_FINISHED),
    ]


async def test_a_deletion_tells_the_id(context: Context) -> None:
    """Of a deleted trace there is no row, only its id."""
    gone = new_id()
    payload = encode([("TRACE_DELETED", gone, None)], MOMENT)
    await context.broker.publish(context.project_id, 1, 1, payload)
    (row,) = await taken(context, 1, after=from_the_start(context))

    assert (row["__typename"], row["trace_id"]) == ("TraceDeleted", gone)


async def test_many_events_are_two_statements(context: Context) -> None:
    """However many events come together, their traces are read in one statement and their steps in another."""
    trace = a_trace()
    await record(context, trace, *(a_step(trace, status=StepStatus.OK) for _ in range(40)))
    noted = noting(context.database)
    rows = await taken(replace(context, database=noted), 81, after=from_the_start(context), columns=NAME)

    assert len({row["step"]["id"] for row in rows if "step" in dict(row.items())}) == 40
    assert len([statement for statement in noted.statements if "FROM trace" in statement]) == 2


async def test_a_database_that_is_away_for_a_moment_ends_no_stream(context: Context) -> None:
    """The subscriber waits a little longer, and nothing is lost."""
    await a_story(context)
    away = [Unavailable(), Unavailable()]
    faltering = FalteringDatabase(pool=context.database.pool, read_deadline=context.database.read_deadline, away=away)
    rows = await taken(replace(context, database=faltering), 5, after=from_the_start(context))

    assert [row["type"] for row in rows] == list(TYPES)
    assert away == []


@pytest.mark.parametrize("after", ["", "nonsense", "ä", cursor.encode("019a0000-0000-7000-8000-00000000000a", 0)])
async def test_a_cursor_of_something_else_is_refused(context: Context, after: str) -> None:
    """A cursor that is none, or of another project, is the sender's mistake and says which argument."""
    with pytest.raises(Invalid) as caught:
        await begin(context, after=Cursor(after))

    assert caught.value.path == ("after",)


async def test_a_cursor_from_the_future_is_refused(context: Context) -> None:
    """A position that nothing has reached is no place to resume from."""
    with pytest.raises(Invalid):
        await begin(context, after=cursor_at(context, 1))


async def test_a_cursor_that_is_too_old_is_told(context: Context) -> None:
    """When what follows a cursor is no longer kept, the answer is that, and not what came later."""
    await context.broker.publish(context.project_id, *a_commit(1, KEPT + 2))
    with pytest.raises(CursorExpired) as caught:
        await taken(context, 1, after=cursor_at(context, 1))

    assert (caught.value.code, caught.value.path) == ("CURSOR_EXPIRED", ("after",))


async def test_following_needs_the_scope_to_read(context: Context) -> None:
    """A key that may only write hears nothing."""
    writer = replace(context.viewer, scopes=frozenset({INGEST}))

    with pytest.raises(Refused):
        await begin(replace(context, viewer=writer))
    with pytest.raises(Refused):
        await taken(replace(context, viewer=writer), 1)


async def test_another_project_may_be_followed_by_name(context: Context) -> None:
    """A key for all projects follows the one it names, with that project's cursors and rows."""
    other = await create_project(context.database, "other")
    elsewhere = replace(context, project_id=other["id"])
    trace = await a_story(elsewhere)
    (row,) = await taken(context, 1, project=Id("other"), after=from_the_start(elsewhere))

    assert (row["trace"]["id"], row["cursor"]) == (trace.id, cursor_at(elsewhere, 1))


async def test_a_foreign_project_is_like_an_absent_one(context: Context) -> None:
    """A key of one project can't tell whether another one exists."""
    await create_project(context.database, "other")
    bound = replace(context, viewer=replace(context.viewer, project_id=context.project_id))
    for project in ("other", "nowhere"):
        with pytest.raises(NotFound):
            await begin(bound, project=Id(project))
        with pytest.raises(NotFound):
            await begin(bound, filter=TraceFilter(project=IDFilter(eq=Id(project))))


async def test_events_cross_from_process_to_process(context: Context, redis_url: str) -> None:
    """What one process records another one's subscriber sees, and when it leaves nothing is left of it there."""
    database = context.database
    log = Log(read=partial(read_log, database), head=partial(head, database), trouble=(Unavailable,))
    async with (
        open_broker(redis_url, log) as here,
        open_broker(redis_url, log) as elsewhere,
        open_writer(database, elsewhere, unpriced) as writer,
    ):
        watching = asyncio.ensure_future(taken(replace(context, broker=here), 5, after=from_the_start(context)))
        await a_story(replace(context, writer=writer))
        rows = await watching

        assert [row["type"] for row in rows] == list(TYPES)
        assert len(here.feeds) == 0
