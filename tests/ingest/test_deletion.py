"""Deletion: traces go with everything that counted them, in any state, and beside writers."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.merging import merge_project
from auth.projects import create_project
from ingest.deletion import BATCH_STEPS, BATCH_TRACES, Deletion, batches, choose, delete_batch
from ingest.drafts import Draft, StepDraft, TraceDraft
from ingest.writer import Writer
from models.database import Connection, Database
from models.enums import TraceStatus
from models.event_log import head
from models.filter_sql import Condition
from models.ids import new_id
from models.values import Uuid
from pubsub.event import decode
from pubsub.memory import MemoryBroker
from tests.ingest.conftest import new_project
from tests.ingest.histories import EPOCH, histories
from tests.ingest.recomputation import recomputed_rollups, recomputed_totals, stored_rollups, stored_totals
from tests.ingest.test_merge import MANY

TRACES = "SELECT id FROM traces WHERE project_id = $1 ORDER BY id"
STEPS = "SELECT count(*) FROM trace_steps WHERE project_id = $1"
LOG = "SELECT first_pos, events FROM event_log WHERE project_id = $1 ORDER BY last_pos DESC LIMIT 1"
ANY = Condition(sql="TRUE", values=(), offset=3)
RUNNING = Condition(sql="status = $3", values=("RUNNING",), offset=3)


async def gone(database: Database, broker: MemoryBroker, deletion: Deletion, ids: Sequence[str]) -> int:
    return await delete_batch(database, broker, deletion, ids, datetime.now(UTC))


async def present(database: Database, project_id: str) -> list[str]:
    return [row["id"] for row in await database.fetch(TRACES, project_id)]


@MANY
@given(data=st.data())
async def test_sums_equal_recomputation_after_deletion(
    data: st.DataObject, database: Database, writer: Writer, broker: MemoryBroker
) -> None:
    """Whatever was recorded and merged, deleting some of it leaves totals and roll-ups of exactly the rest."""
    project_id = await new_project(database)
    records = data.draw(histories())
    if records:
        await writer.record(project_id, records)
    if data.draw(st.booleans()):
        await merge_project(database, project_id, EPOCH)
    ids = await present(database, project_id)
    doomed = data.draw(st.lists(st.sampled_from(ids), unique=True)) if ids else []
    count = await gone(database, broker, Deletion(project_id=project_id, condition=ANY), doomed)

    assert count == len(doomed)
    assert await present(database, project_id) == [identity for identity in ids if identity not in doomed]
    assert await recomputed_totals(database, project_id) == await stored_totals(database, project_id)
    assert await recomputed_rollups(database, project_id) == await stored_rollups(database, project_id)


async def test_a_deletion_is_an_event_of_each_trace(
    database: Database, writer: Writer, broker: MemoryBroker, project_id: str
) -> None:
    """Followers hear of each trace that went, in the positions behind everything before."""
    drafts: list[Draft] = [TraceDraft(id=Uuid(new_id()), name="run") for _ in range(3)]
    await writer.record(project_id, drafts)
    before = await head(database, project_id)
    ids = [draft.id or "" for draft in drafts]
    await gone(database, broker, Deletion(project_id=project_id, condition=ANY), ids)
    row = await database.fetchrow(LOG, project_id)

    assert row is not None
    events = decode(row["events"], row["first_pos"])
    assert [event.position for event in events] == [before + 1, before + 2, before + 3]
    assert {(event.type, event.trace_id, event.step_id) for event in events} == {
        ("TRACE_DELETED", identity, None) for identity in ids
    }
    assert await head(database, project_id) == before + 3


async def test_nothing_of_another_project_goes(
    database: Database, writer: Writer, broker: MemoryBroker, project_id: str
) -> None:
    """Two projects may hold the same ids; deleting in one leaves the other as it was, and says nothing there."""
    other = (await create_project(database, "other"))["id"]
    trace, step = Uuid(new_id()), Uuid(new_id())
    drafts: list[Draft] = [TraceDraft(id=trace, name="run"), StepDraft(id=step, trace_id=trace, name="call")]
    await writer.record(project_id, drafts)
    await writer.record(other, drafts)
    count = await gone(database, broker, Deletion(project_id=project_id, condition=ANY), [trace, new_id()])
    kept = await database.fetchrow(STEPS, other)

    assert count == 1
    assert (await present(database, project_id), await present(database, other)) == ([], [trace])
    assert kept is not None
    assert kept[0] == 1
    assert await recomputed_rollups(database, other) == await stored_rollups(database, other)


async def test_what_has_changed_meanwhile_stays(
    database: Database, writer: Writer, broker: MemoryBroker, project_id: str
) -> None:
    """A trace that no longer is what was to be deleted when its turn comes is left alone."""
    first, second = Uuid(new_id()), Uuid(new_id())
    await writer.record(project_id, [TraceDraft(id=first, name="run"), TraceDraft(id=second, name="run")])
    deletion = Deletion(project_id=project_id, condition=RUNNING)
    (ids,) = await choose(database, deletion, 10)
    await writer.record(project_id, [TraceDraft(id=first, name="run", status=TraceStatus.OK)])
    count = await gone(database, broker, deletion, ids)

    assert sorted(ids) == sorted([first, second])
    assert (count, await present(database, project_id)) == (1, [first])


async def test_a_refusing_witness_keeps_everything(
    database: Database, writer: Writer, broker: MemoryBroker, project_id: str
) -> None:
    """What can't be written into the audit log is not done."""
    trace = Uuid(new_id())
    await writer.record(project_id, [TraceDraft(id=trace, name="run")])

    async def refuse(connection: Connection, ids: Sequence[str]) -> None:
        raise LookupError(ids)

    with pytest.raises(LookupError):
        await gone(database, broker, Deletion(project_id=project_id, condition=ANY, witness=refuse), [trace])

    assert await present(database, project_id) == [trace]
    assert await recomputed_rollups(database, project_id) == await stored_rollups(database, project_id)


async def test_writers_and_deletions_run_side_by_side(
    database: Database, writer: Writer, broker: MemoryBroker, project_id: str
) -> None:
    """Steps that arrive while their trace is deleted are deleted with it or make it known anew; all sums stay right."""
    traces = [Uuid(new_id()) for _ in range(20)]
    await writer.record(project_id, [TraceDraft(id=trace, name="run") for trace in traces])
    deletion = Deletion(project_id=project_id, condition=ANY)
    writes = [writer.record(project_id, [StepDraft(trace_id=trace, name="call")]) for trace in traces for _ in range(5)]
    deletions = [gone(database, broker, deletion, traces[place : place + 4]) for place in range(0, 20, 4)]
    await asyncio.gather(*writes, *deletions)

    assert await recomputed_totals(database, project_id) == await stored_totals(database, project_id)
    assert await recomputed_rollups(database, project_id) == await stored_rollups(database, project_id)


async def test_the_oldest_are_chosen_first(database: Database, writer: Writer, project_id: str) -> None:
    """A deletion that takes several calls begins with the oldest traces."""
    now = datetime.now(UTC)
    traces = [TraceDraft(id=Uuid(new_id()), name="run", start_time=now - timedelta(days=days)) for days in (1, 3, 2)]
    await writer.record(project_id, traces)
    chosen = await choose(database, Deletion(project_id=project_id, condition=ANY), 2)

    assert chosen == [[traces[1].id, traces[2].id]]


@given(st.lists(st.integers(0, 2 * BATCH_STEPS)))
def test_batches_are_bounded(sizes: list[int]) -> None:
    """No batch has more traces or steps than one transaction should take, unless one trace alone has more."""
    rows = [{"id": str(place), "step_count": size} for place, size in enumerate(sizes)]
    made = list(batches(rows))

    assert [int(identity) for batch in made for identity in batch] == list(range(len(sizes)))
    assert all(len(batch) <= BATCH_TRACES for batch in made)
    assert all(len(batch) == 1 or sum(sizes[int(each)] for each in batch) <= BATCH_STEPS for batch in made)
