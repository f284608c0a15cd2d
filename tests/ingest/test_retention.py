"""Retention: old traces go, young and running ones stay, and empty weeks go after them."""

from datetime import UTC, datetime, timedelta

from auth.projects import Retention, create_project, update_project
from ingest.drafts import StepDraft, TraceDraft
from ingest.retention import TRY_LOCK, retain_once
from ingest.writer import Writer
from models.database import Database
from models.enums import TraceStatus
from models.ids import new_id
from models.partitions import ATTACHED, drop_empty_weeks, ensure_weeks
from models.values import Uuid
from pubsub.memory import MemoryBroker
from tests.ingest.recomputation import recomputed_rollups, stored_rollups

NAMES = "SELECT name FROM traces WHERE project_id = $1 ORDER BY name"


async def fill(database: Database, writer: Writer, project_id: str) -> None:
    """Traces of one, ten and a hundred days ago, with a step each, and one of a hundred days ago that still runs."""
    now = datetime.now(UTC)
    for name, days, status in (
        ("young", 1, TraceStatus.OK),
        ("older", 10, TraceStatus.ERROR),
        ("oldest", 100, TraceStatus.OK),
        ("running", 100, TraceStatus.RUNNING),
    ):
        start = now - timedelta(days=days)
        trace, step = (Uuid(new_id(int(start.timestamp() * 1000))) for _ in range(2))
        await writer.record(
            project_id,
            [
                TraceDraft(id=trace, name=name, status=status, start_time=start),
                StepDraft(id=step, trace_id=trace, name="call", start_time=start),
            ],
        )


async def names(database: Database, project_id: str) -> list[str]:
    return [row["name"] for row in await database.fetch(NAMES, project_id)]


async def test_each_project_keeps_what_it_wants(
    database: Database, writer: Writer, broker: MemoryBroker, project_id: str
) -> None:
    """What ended and is older than its project keeps traces is deleted; projects without a retention keep all."""
    strict = (await create_project(database, "strict", retention_days=7))["id"]
    for project in (project_id, strict):
        await fill(database, writer, project)
    deleted = await retain_once(database, broker, datetime.now(UTC))

    assert deleted == 2
    assert await names(database, strict) == ["running", "young"]
    assert await names(database, project_id) == ["older", "oldest", "running", "young"]
    for project in (project_id, strict):
        assert await recomputed_rollups(database, project) == await stored_rollups(database, project)


async def test_a_retention_that_was_taken_back_deletes_nothing(
    database: Database, writer: Writer, broker: MemoryBroker
) -> None:
    """A project that keeps its traces for good again keeps those that are there."""
    project = (await create_project(database, "strict", retention_days=7))["id"]
    await fill(database, writer, project)
    await update_project(database, project, retention=Retention(days=None))

    assert await retain_once(database, broker, datetime.now(UTC)) == 0


async def test_one_process_at_a_time_deletes(
    database: Database, writer: Writer, broker: MemoryBroker, project_id: str
) -> None:
    """While one process deletes another passes by."""
    await update_project(database, project_id, retention=Retention(days=7))
    await fill(database, writer, project_id)
    async with database.connection() as guard, guard.transaction():
        await guard.execute(TRY_LOCK)
        meanwhile = await retain_once(database, broker, datetime.now(UTC))

    assert (meanwhile, await retain_once(database, broker, datetime.now(UTC))) == (0, 2)


async def test_an_emptied_week_is_dropped(
    database: Database, writer: Writer, broker: MemoryBroker, project_id: str
) -> None:
    """The partition of a past week goes when nothing is left in it; what comes for it later is stored all the same."""
    await update_project(database, project_id, retention=Retention(days=120))
    await fill(database, writer, project_id)
    start = datetime.now(UTC) - timedelta(days=100)
    week = f"trace_steps_{start:%G_w%V}"
    await retain_once(database, broker, datetime.now(UTC))
    before = {row[0] for row in await database.fetch(ATTACHED)}
    await database.execute("DELETE FROM trace_steps WHERE id < $1", new_id(int((start.timestamp() + 86_400) * 1000)))
    await retain_once(database, broker, datetime.now(UTC))
    after = {row[0] for row in await database.fetch(ATTACHED)}
    late = Uuid(new_id(int(start.timestamp() * 1000)))
    await writer.record(project_id, [StepDraft(id=late, trace_id=late, name="late")])

    assert before - after == {week}
    assert "" in await names(database, project_id)


async def test_a_busy_table_is_left_for_another_time(database: Database) -> None:
    """Dropping never waits long for those who read: it gives up and comes again."""
    now = datetime.now(UTC)
    async with database.connection() as connection:
        await ensure_weeks(connection, [datetime(2025, 1, 6, tzinfo=UTC)])
        async with database.connection() as reader, reader.transaction():
            await reader.fetch("SELECT FROM trace_steps LIMIT 1")
            busy = await drop_empty_weeks(connection, now)
        free = await drop_empty_weeks(connection, now)

    assert (busy, free) == ([], ["trace_steps_2025_w02"])
