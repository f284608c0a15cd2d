"""The merge of roll-ups: every tier, with the deltas left, holds what the rows say, whatever was merged when."""

import asyncio
from collections import Counter, defaultdict
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from analytics.merging import merge_project, merge_rollups
from ingest.drafts import Draft, StepCorrection, StepDraft
from ingest.rollups import APPEND, RollUps
from ingest.writer import Writer
from models.database import Database
from models.ids import new_id
from models.values import Uuid
from tests.ingest.conftest import new_project
from tests.ingest.histories import EPOCH, histories
from tests.ingest.recomputation import KEY, Sums, recomputed_rollups

FEW = settings(
    max_examples=30,
    phases=[Phase.explicit, Phase.generate],
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
STORED = "SELECT * FROM trace_analytics WHERE project_id = $1 AND tier = ANY ($2)"
DUPLICATES = """
SELECT count(*) FROM trace_analytics WHERE project_id = $1 AND tier <> 'DELTA'
GROUP BY tier, bucket, subject, name, status, kind, provider, model, environment, service_name HAVING count(*) > 1
"""
DELETE_STEPS = "DELETE FROM trace_steps WHERE project_id = $1 AND trace_id = ANY ($2::uuid[]) RETURNING *"
DELETE_TRACES = "DELETE FROM traces WHERE project_id = $1 AND id = ANY ($2::uuid[]) RETURNING *"
MODELS = "SELECT model, count FROM trace_analytics WHERE project_id = $1 AND subject = 'STEP'"
HOURS: dict[str, int] = {"minute": 0}
DAYS: dict[str, int] = {"hour": 0, "minute": 0}
UNITS: dict[str, dict[str, int]] = {"MINUTE": {}, "HOUR": HOURS, "DAY": DAYS}
UNITS |= {"TOTAL_MINUTE": {}, "MODEL_HOUR": HOURS, "MODEL_DAY": DAYS}
ALL_BUT_NAME = {"name": ""}
ONLY_STATUS = ALL_BUT_NAME | dict.fromkeys(("kind", "provider", "model", "environment", "service_name"))
LEFT_OUT: dict[str, dict[str, Any]] = {"TOTAL_MINUTE": ONLY_STATUS, "MODEL_HOUR": ALL_BUT_NAME}
LEFT_OUT["MODEL_DAY"] = ALL_BUT_NAME


async def held(database: Database, project_id: str, tier: str) -> Sums:
    """The sums of a tier and the deltas, by the buckets of the tier."""
    rows = await database.fetch(STORED, project_id, [tier, "DELTA"])
    return added(((tuple(row[column] for column in KEY), dict(row.items())) for row in rows), tier)


async def expected(database: Database, project_id: str, tier: str) -> Sums:
    """The same from the rows themselves."""
    return added((await recomputed_rollups(database, project_id)).items(), tier)


def added(parts: Any, tier: str) -> Sums:
    sums: dict[Any, Counter[Any]] = defaultdict(Counter)
    for full, part in parts:
        key = dict(zip(KEY, full, strict=True)) | LEFT_OUT.get(tier, {})
        key["bucket"] = key["bucket"].replace(**UNITS[tier])
        total = sums[tuple(key.values())]
        for name in ("count", "input_tokens", "output_tokens", "cache_read_tokens", "reasoning_tokens"):
            total[name] += part[name]
        for name in ("duration_microseconds", "first_token_microseconds", "cost"):
            total[name] += Decimal(part[name])  # type: ignore[assignment]  # a sum like the others
        for name in ("duration", "first_token"):
            for index, count in sketch_of(part, name).items():
                total[name, index] += count
    compact = {key: {name: value for name, value in total.items() if value} for key, total in sums.items()}
    return {key: total for key, total in compact.items() if total}


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
    for tier in ("MINUTE", "TOTAL_MINUTE"):
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
        await connection.execute(APPEND, project_id, *rollups.columns())
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
    assert Counter((row["model"], row["count"]) for row in rows) == {("b", 1): 5, (None, 1): 1}


def sketch_of(part: dict[str, Any], name: str) -> dict[int, int]:
    if f"{name}_sketch" in part:
        sketch: dict[int, int] = part[f"{name}_sketch"]
        return sketch
    return dict(zip(part[f"{name}_indexes"], part[f"{name}_counts"], strict=True))


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
