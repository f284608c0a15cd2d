"""The merge rules: any order, duplication and grouping of the same records ends in the same state."""

from collections.abc import Sequence
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from ingest.drafts import Draft, StepCorrection, StepDraft, TraceDraft, Usage
from ingest.outcomes import Status
from ingest.writer import Writer
from models.database import Database
from models.enums import StepStatus, TraceStatus
from models.ids import new_id
from models.values import BigInt, Money, Uuid
from pubsub.event import decode
from tests.ingest.conftest import new_project
from tests.ingest.histories import histories
from tests.ingest.recomputation import recomputed_rollups, recomputed_totals, stored_rollups, stored_totals

MANY = settings(
    max_examples=50,
    phases=[Phase.explicit, Phase.generate],
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
UNCOMPARED = ("project_id", "created_at", "updated_at")


async def state(database: Database, project_id: str) -> list[dict[str, Any]]:
    """Every stored trace and step of the project, whatever is the server's own clock left out."""
    rows: list[Any] = await database.fetch("SELECT * FROM traces WHERE project_id = $1 ORDER BY id", project_id)
    rows += await database.fetch("SELECT * FROM trace_steps WHERE project_id = $1 ORDER BY trace_id, id", project_id)
    return [{name: value for name, value in row.items() if name not in UNCOMPARED} for row in rows]


async def events(database: Database, project_id: str) -> list[tuple[int, str, str]]:
    """The event log: position, type and subject."""
    rows = await database.fetch("SELECT * FROM event_log WHERE project_id = $1 ORDER BY last_pos", project_id)
    logged = [event for row in rows for event in decode(row["events"], row["first_pos"])]
    return [(event.position, event.type, event.step_id or event.trace_id) for event in logged]


@st.composite
def arrivals(draw: st.DrawFn, records: Sequence[Draft]) -> list[list[Draft]]:
    """The records in some order, some of them twice or three times, cut into batches."""
    sent = draw(st.permutations([*records, *draw(st.lists(st.sampled_from(records), max_size=4))] if records else []))
    cuts = sorted(draw(st.sets(st.integers(0, len(sent)), max_size=4)))
    batches = [sent[start:end] for start, end in zip([0, *cuts], [*cuts, len(sent)], strict=True)]
    return [batch for batch in batches if batch]


@MANY
@given(data=st.data())
async def test_state_is_the_same_in_any_order(data: st.DataObject, database: Database, writer: Writer) -> None:
    """Permuting, repeating and regrouping records changes neither rows nor totals nor roll-ups."""
    records = data.draw(histories())
    straight, shuffled = await new_project(database), await new_project(database)
    if records:
        await writer.record(straight, records)

    for batch in data.draw(arrivals(records)):
        await writer.record(shuffled, batch)

    assert await state(database, straight) == await state(database, shuffled)
    assert await stored_rollups(database, straight) == await stored_rollups(database, shuffled)


@MANY
@given(data=st.data())
async def test_sums_equal_recomputation(data: st.DataObject, database: Database, writer: Writer) -> None:
    """After any history the totals of traces and the roll-ups are what the stored steps say."""
    project_id = await new_project(database)

    for batch in data.draw(arrivals(data.draw(histories()))):
        await writer.record(project_id, batch)

    assert await recomputed_totals(database, project_id) == await stored_totals(database, project_id)
    assert await recomputed_rollups(database, project_id) == await stored_rollups(database, project_id)


@MANY
@given(data=st.data())
async def test_events_tell_each_life_in_order(data: st.DataObject, database: Database, writer: Writer) -> None:
    """Positions are dense; everything starts once and first, and finishes once if it has an end."""
    project_id = await new_project(database)

    for batch in data.draw(arrivals(data.draw(histories()))):
        await writer.record(project_id, batch)

    logged = await events(database, project_id)
    assert list(range(1, len(logged) + 1)) == [position for position, _, _ in logged]
    for row in await state(database, project_id):
        life = [kind.split("_")[1] for _, kind, subject in logged if subject == row["id"]]
        assert life[0] == "STARTED"
        assert life.count("STARTED") == 1
        assert life.count("FINISHED") == (row["status"] != "RUNNING")


async def test_replay_says_duplicate_and_announces_nothing(database: Database, writer: Writer) -> None:
    """Sending a batch again changes nothing, is called a duplicate and makes no event."""
    project_id = await new_project(database)
    trace_id = Uuid(new_id())
    batch: list[Draft] = [
        TraceDraft(id=trace_id, name="run", tags=["a"], status=TraceStatus.OK),
        StepDraft(id=Uuid(new_id()), trace_id=trace_id, name="call", usage=Usage(input=BigInt(3)), request_model="a"),
    ]
    await writer.record(project_id, batch)
    before = await events(database, project_id)

    outcomes = await writer.record(project_id, batch)

    assert [outcome.status for outcome in outcomes] == [Status.DUPLICATE] * 2
    assert before == await events(database, project_id)


async def test_correction_replaces_what_facts_said(database: Database, writer: Writer) -> None:
    """A decision stands before facts that came earlier and before facts that come later."""
    project_id = await new_project(database)
    trace_id, step_id = Uuid(new_id()), Uuid(new_id())
    fact = StepDraft(id=step_id, trace_id=trace_id, name="call", cost=Money("5"), status=StepStatus.ERROR)
    await writer.record(project_id, [fact])

    await writer.record(
        project_id, [StepCorrection(id=step_id, trace_id=trace_id, cost=Money("3"), status=StepStatus.OK)]
    )
    await writer.record(project_id, [fact])

    row = await database.fetchrow("SELECT cost, status FROM trace_steps WHERE project_id = $1", project_id)
    assert row is not None
    assert (row["cost"], row["status"]) == ("3", "OK")


async def test_running_never_undoes_an_end(database: Database, writer: Writer) -> None:
    """A start that arrives late leaves a finished trace finished."""
    project_id, trace_id = await new_project(database), Uuid(new_id())
    await writer.record(project_id, [TraceDraft(id=trace_id, name="run", status=TraceStatus.ERROR)])

    await writer.record(project_id, [TraceDraft(id=trace_id, name="run")])

    row = await database.fetchrow("SELECT status FROM traces WHERE project_id = $1", project_id)
    assert row is not None
    assert row["status"] == "ERROR"
