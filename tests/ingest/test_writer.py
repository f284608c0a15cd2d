"""The writer: groups, poison, limits, and what callers hear when the database is away."""

import asyncio

import pytest

from ingest.drafts import StepDraft, TraceDraft
from ingest.outcomes import Status
from ingest.pricing import unpriced
from ingest.writer import Limits, Writer, open_writer
from models.database import Database
from models.errors import NotFound, Overloaded
from models.ids import new_id
from models.values import Json, Uuid
from pubsub.memory import MemoryBroker

COUNT = "SELECT count(*) FROM traces WHERE project_id = $1"
COMMITS = "SELECT count(*) FROM event_log WHERE project_id = $1"


async def test_poison_is_refused_alone(database: Database, writer: Writer, project_id: str) -> None:
    """A value that only the database can refuse takes none of its neighbours with it."""
    drafts = [TraceDraft(name=f"run {number}") for number in range(7)]
    drafts[3] = TraceDraft(name="poison", input=Json('{"a": broken}'))

    outcomes = await writer.record(project_id, drafts)

    assert [outcome.status for outcome in outcomes] == [Status.CREATED] * 3 + [Status.REFUSED] + [Status.CREATED] * 3
    row = await database.fetchrow(COUNT, project_id)
    assert row is not None
    assert row[0] == 6


async def test_poison_of_one_caller_leaves_the_others_alone(writer: Writer, project_id: str) -> None:
    """Callers whose records share a group with a poisoned one are answered as if it had not been there."""
    calls = [writer.record(project_id, [TraceDraft(name="run")]) for _ in range(5)]
    calls.insert(2, writer.record(project_id, [TraceDraft(name="poison", input=Json("{"))]))

    answers = await asyncio.gather(*calls)

    assert [answer[0].status for answer in answers].count(Status.CREATED) == 5
    assert answers[2][0].status == Status.REFUSED


async def test_waiting_callers_share_a_commit(database: Database, writer: Writer, project_id: str) -> None:
    """Fifty callers at once cost far fewer than fifty transactions."""
    await asyncio.gather(*[writer.record(project_id, [TraceDraft(name="run")]) for _ in range(50)])

    row = await database.fetchrow(COMMITS, project_id)
    assert row is not None
    assert row[0] <= 10


async def test_same_id_twice_in_a_batch(writer: Writer, project_id: str) -> None:
    """The start and the end of a step may come in one batch, in this order or the other."""
    step, trace_id = Uuid(new_id()), Uuid(new_id())
    start = StepDraft(id=step, trace_id=trace_id, name="call")
    end = StepDraft(id=step, trace_id=trace_id, name="call", output=Json('"done"'))

    outcomes = await writer.record(project_id, [end, start, start])

    assert [outcome.status for outcome in outcomes] == [Status.CREATED, Status.DUPLICATE, Status.DUPLICATE]


async def test_full_queue_refuses(database: Database, project_id: str) -> None:
    """More waiting than fits is refused at once, with a time to come back; what was accepted is stored."""
    limits = Limits(waiting_rows=10)
    async with open_writer(database, MemoryBroker(), unpriced, limits) as writer:
        calls = [writer.record(project_id, [TraceDraft(name="run") for _ in range(4)]) for _ in range(10)]
        answers = await asyncio.gather(*calls, return_exceptions=True)

    refused = [answer for answer in answers if isinstance(answer, Overloaded)]
    row = await database.fetchrow(COUNT, project_id)
    assert row is not None
    assert refused
    assert all(refusal.retry_after > 0 for refusal in refused)
    assert row[0] == 4 * (len(answers) - len(refused))


async def test_closing_waits_for_what_was_accepted(database: Database, project_id: str) -> None:
    """Nobody who was let in goes unanswered when the writer closes."""
    async with open_writer(database, MemoryBroker(), unpriced) as writer:
        calls = [asyncio.create_task(writer.record(project_id, [TraceDraft(name="run")])) for _ in range(20)]
        await asyncio.sleep(0)

    answers = await asyncio.gather(*calls)
    assert [answer[0].status for answer in answers] == [Status.CREATED] * 20


async def test_absent_project_is_an_error(writer: Writer) -> None:
    """A project that does not exist is told so, and gets no rows."""
    with pytest.raises(NotFound):
        await writer.record(new_id(), [TraceDraft(name="run")])
