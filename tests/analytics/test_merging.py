"""The merge of roll-ups: every tier, with the deltas left, holds what the rows say, whatever was merged when."""

import asyncio
from collections import Counter
from datetime import datetime, timedelta

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from analytics.merging import merge_project, merge_rollups
from ingest.drafts import Draft, StepCorrection, StepDraft
from ingest.rollups import APPEND, RollUps
from ingest.writer import Writer
from models.database import Database
from models.ids import new_id
from models.values import Uuid
from tests.analytics.tiers import UNITS, expected, held
from tests.ingest.conftest import new_project
from tests.ingest.histories import EPOCH, histories

FEW = settings(
    max_examples=30,
    phases=[Phase.explicit, Phase.generate],
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
DUPLICATES = """
SELECT count(*) FROM trace_analytics WHERE project_id = $1 AND tier <> 'DELTA'
GROUP BY tier, bucket, subject, name, status, kind, provider, model, environment, service_name HAVING count(*) > 1
"""
DELETE_STEPS = "DELETE FROM trace_steps WHERE project_id = $1 AND trace_id = ANY ($2::uuid[]) RETURNING *"
DELETE_TRACES = "DELETE FROM traces WHERE project_id = $1 AND id = ANY ($2::uuid[]) RETURNING *"
MODELS = "SELECT model, count FROM trace_analytics WHERE project_id = $1 AND subject = 'STEP'"


@FEW
@given(data=st.data())
async def test_tiers_hold_everything_after_any_interleaving(
    data: st.DataObject, database: Database, writer: Writer
) -> None:
    """Records and merges in any order, of any size, leave in every tier what the rows add up to, once per key."""
    project_id = await new_project(database)
    records = data.draw(histories())
    while records:
        size = data.draw(st.integers(1, len(records)))
        await writer.record(project_id, records[:size])
        records = records[size:]
        if data.draw(st.booleans()):
            await merge_project(database, project_id, EPOCH, batch=data.draw(st.sampled_from([1, 3, 1000])))

    for tier in UNITS:
        assert await expected(database, project_id, tier) == await held(database, project_id, tier)
    assert not await database.fetch(DUPLICATES, project_id)


@FEW
@given(data=st.data())
async def test_old_minutes_live_on_in_hours(data: st.DataObject, database: Database, writer: Writer) -> None:
    """Minutes are forgotten after their time, late ones too, and hours and days keep what they held."""
    project_id = await new_project(database)
    records = data.draw(histories())
    if records:
        await writer.record(project_id, records)
    now: datetime = EPOCH + timedelta(days=3)
    await merge_project(database, project_id, now)

    for tier in ("HOUR", "DAY", "MODEL_HOUR", "MODEL_DAY"):
        assert await expected(database, project_id, tier) == await held(database, project_id, tier)
    for tier in ("MINUTE", "MODEL_MINUTE", "TOTAL_MINUTE"):
        minutes = await held(database, project_id, tier)
        assert all(key[0] >= now - timedelta(hours=48) for key in minutes)


async def test_mergers_at_the_same_time_merge_once(database: Database, writer: Writer, project_id: str) -> None:
    """Several processes that merge at once, beside writers, lose and double nothing."""
    records = [record for seed in range(20) for record in steps(seed)]
    batches = [records[start : start + 5] for start in range(0, len(records), 5)]

    await asyncio.gather(
        *(writer.record(project_id, batch) for batch in batches),
        *(merge_project(database, project_id, EPOCH, batch=7) for _ in range(4)),
    )
    await merge_rollups(database, EPOCH)

    for tier in UNITS:
        assert await expected(database, project_id, tier) == await held(database, project_id, tier)
    assert not await database.fetch(DUPLICATES, project_id)


@FEW
@given(data=st.data())
async def test_what_was_deleted_is_taken_out(data: st.DataObject, database: Database, writer: Writer) -> None:
    """Deltas of deleted traces and steps, merged before or after, leave in every tier what the other rows add up to."""
    project_id = await new_project(database)
    records = data.draw(histories())
    if records:
        await writer.record(project_id, records)
    if data.draw(st.booleans()):
        await merge_project(database, project_id, EPOCH)
    stored = [row["id"] for row in await database.fetch("SELECT id FROM traces WHERE project_id = $1", project_id)]
    gone, rollups = data.draw(st.lists(st.sampled_from(stored), unique=True)) if stored else [], RollUps()
    async with database.connection() as connection, connection.transaction():
        for row in await connection.fetch(DELETE_STEPS, project_id, gone):
            rollups.remove_step(row)
        for row in await connection.fetch(DELETE_TRACES, project_id, gone):
            rollups.remove_trace(row)
        await connection.execute(APPEND, project_id, rollups.gains())
    await merge_project(database, project_id, EPOCH)

    for tier in UNITS:
        assert await expected(database, project_id, tier) == await held(database, project_id, tier)


async def test_what_left_leaves_nothing_behind(database: Database, writer: Writer, project_id: str) -> None:
    """A key whose only step was moved to another name has no row any more."""
    trace_id, step_id = Uuid(new_id()), Uuid(new_id())
    step = StepDraft(id=step_id, trace_id=trace_id, name="call", start_time=EPOCH, model="a")
    await writer.record(project_id, [step])
    await merge_project(database, project_id, EPOCH)
    await writer.record(project_id, [StepCorrection(id=step_id, trace_id=trace_id, model="b")])

    await merge_project(database, project_id, EPOCH)

    rows = await database.fetch(MODELS, project_id)
    assert Counter((row["model"], row["count"]) for row in rows) == {("b", 1): 6, (None, 1): 1}


def steps(seed: int) -> list[Draft]:
    """A few steps of one trace, in several hours and two days."""
    trace_id = Uuid(new_id())
    return [
        StepDraft(
            id=Uuid(new_id()),
            trace_id=trace_id,
            name="call",
            model="ab"[seed % 2],
            start_time=EPOCH + timedelta(hours=hour),
            end_time=EPOCH + timedelta(hours=hour, milliseconds=seed + 1),
        )
        for hour in (0, 1, 25)
    ]
