"""Stale traces: given up after long silence, alive again with any news."""

from datetime import UTC, datetime, timedelta

from ingest.drafts import Draft, StepDraft, TraceDraft
from ingest.staleness import give_up_stale
from ingest.upkeep import Schedule, keep_up_once
from ingest.writer import Writer
from models.database import Database
from models.enums import TraceStatus
from models.ids import new_id
from models.values import Uuid
from pubsub.memory import MemoryBroker
from tests.ingest.recomputation import recomputed_rollups, stored_rollups

HOUR = timedelta(hours=1)
ROW = "SELECT * FROM traces WHERE project_id = $1"


async def test_silent_trace_is_given_up(
    database: Database, writer: Writer, broker: MemoryBroker, project_id: str
) -> None:
    """A running trace without news is cancelled as stale; a finished one and a young one are left alone."""
    young, finished = TraceDraft(name="young"), TraceDraft(name="finished", status=TraceStatus.OK)
    await writer.record(project_id, [young, finished])

    early = await give_up_stale(database, broker, HOUR, datetime.now(UTC))
    late = await give_up_stale(database, broker, HOUR, datetime.now(UTC) + 2 * HOUR)

    rows = await database.fetch(f"{ROW} ORDER BY name", project_id)
    assert (early, late) == (0, 1)
    assert [(row["status"], row["error_type"]) for row in rows] == [("OK", None), ("CANCELLED", "stale")]
    assert await recomputed_rollups(database, project_id) == await stored_rollups(database, project_id)


async def test_news_brings_a_stale_trace_back(
    database: Database, writer: Writer, broker: MemoryBroker, project_id: str
) -> None:
    """The trace's own record, even one that says nothing new, or one of its steps makes it run again."""
    trace = TraceDraft(id=Uuid(new_id()), name="run")
    step = StepDraft(trace_id=trace.id or Uuid(""), name="call")
    news: list[Draft] = [trace, step]
    await writer.record(project_id, [trace])

    for record in news:
        await give_up_stale(database, broker, HOUR, datetime.now(UTC) + 2 * HOUR)
        await writer.record(project_id, [record])

        row = await database.fetchrow(ROW, project_id)
        assert row is not None
        assert (row["status"], row["error_type"], row["corrected"]) == ("RUNNING", None, [])
    assert await recomputed_rollups(database, project_id) == await stored_rollups(database, project_id)


async def test_late_end_replaces_the_stale_one(
    database: Database, writer: Writer, broker: MemoryBroker, project_id: str
) -> None:
    """What the sender says at last counts, not that it was given up."""
    identity = Uuid(new_id())
    await writer.record(project_id, [TraceDraft(id=identity, name="run")])
    await give_up_stale(database, broker, HOUR, datetime.now(UTC) + 2 * HOUR)

    await writer.record(project_id, [TraceDraft(id=identity, name="run", status=TraceStatus.OK)])

    row = await database.fetchrow(ROW, project_id)
    assert row is not None
    assert (row["status"], row["error_type"]) == ("OK", None)


async def test_upkeep_is_done_by_one_at_a_time(database: Database, broker: MemoryBroker) -> None:
    """While one process is at it another one passes by."""
    async with database.connection() as guard, guard.transaction():
        await guard.execute("SELECT pg_advisory_xact_lock(hashtext('tracegraph upkeep'))")
        refused = await keep_up_once(database, broker, Schedule(), datetime.now(UTC))
    done = await keep_up_once(database, broker, Schedule(), datetime.now(UTC))

    assert (refused, done) == (False, True)
