"""Recording: what is refused and why, what is stored beside it, and what said nothing new."""

from datetime import UTC, datetime
from typing import Any

import pytest

from auth.projects import create_project, find_project
from auth.viewer import INGEST, READ
from ingest.drafts import StepCorrection, StepDraft, TraceCorrection, TraceDraft, Usage
from models.enums import StepStatus, TraceStatus
from models.errors import Invalid, Refused
from models.event_log import head
from models.ids import new_id
from models.values import BigInt, Id, Json, Money, Uuid
from resolvers import recording, steps, traces
from resolvers.context import Context
from resolvers.pages import Page
from resolvers.recording import Batch
from tests.resolvers.conftest import with_scopes

TRACE, STEP = Uuid("019ac000-0000-7000-8000-000000000001"), Uuid("019ac000-0000-7000-8000-000000000002")
EARLY, LATE = datetime(2026, 11, 2, tzinfo=UTC), datetime(2026, 11, 3, tzinfo=UTC)

REFUSED: list[tuple[dict[str, Any], str, list[str]]] = [
    ({"id": "no id"}, "INVALID", ["id"]),
    ({"trace_id": "no id"}, "INVALID", ["traceId"]),
    ({"parent_id": "no id"}, "INVALID", ["parentId"]),
    ({"id": new_id(2**48 - 1)}, "INVALID", ["id"]),
    ({"name": ""}, "INVALID", ["name"]),
    ({"response_model": "m" * 501}, "TOO_LARGE", ["responseModel"]),
    ({"start_time": LATE, "end_time": EARLY}, "INVALID", ["endTime"]),
    ({"start_time": datetime(1969, 1, 1, tzinfo=UTC)}, "INVALID", ["startTime"]),
    ({"time_to_first_token_ms": -1.0}, "INVALID", ["timeToFirstTokenMs"]),
    ({"time_to_first_token_ms": float("nan")}, "INVALID", ["timeToFirstTokenMs"]),
    ({"cost": Money("-1")}, "INVALID", ["cost"]),
    ({"cost": Money("1e400")}, "INVALID", ["cost"]),
    ({"usage": Usage(cache_read=BigInt(-1))}, "INVALID", ["usage", "cacheRead"]),
    ({"usage": Usage(input=BigInt(2**63))}, "INVALID", ["usage", "input"]),
    ({"attributes": Json("[]")}, "INVALID", ["attributes"]),
    ({"output": Json("[" * 300 + "]" * 300)}, "INVALID", ["output"]),
    ({"error_message": "e" * 100_001}, "TOO_LARGE", ["errorMessage"]),
    ({"input": Json('"' + "x" * 1_048_576 + '"')}, "TOO_LARGE", []),
]


async def test_a_trace_is_created_and_corrected(context: Context) -> None:
    """Each payload carries the trace as it is stored after the commit."""
    created = await recording.create_trace(context, TraceDraft(id=TRACE, name="plan", start_time=EARLY))
    (trace,) = await traces.recorded(context, [created])
    updated = await recording.update_trace(context, TraceCorrection(id=TRACE, status=TraceStatus.OK, end_time=LATE))
    (ended,) = await traces.recorded(context, [updated])

    assert trace is not None
    assert ended is not None
    assert (created["duplicate"], created["user_errors"], updated["user_errors"]) == (False, [], [])
    assert (trace["name"], trace["status"], trace["duration_ms"]) == ("plan", "RUNNING", None)
    assert (ended["name"], ended["status"], ended["duration_ms"]) == ("plan", "OK", 86_400_000)


async def test_a_step_is_created_and_corrected(context: Context) -> None:
    """Each payload carries the step as it is stored after the commit, and its trace is there too."""
    created = await recording.create_step(context, StepDraft(id=STEP, trace_id=TRACE, name="call"))
    (step,) = await steps.recorded(context, [created])
    usage = Usage(input=BigInt(3), output=BigInt(2))
    correction = StepCorrection(id=STEP, trace_id=TRACE, status=StepStatus.ERROR, usage=usage)
    (ended,) = await steps.recorded(context, [await recording.update_step(context, correction)])
    trace = await traces.one(context, Id(TRACE))

    assert step is not None
    assert ended is not None
    assert trace is not None
    assert (step["name"], step["status"]) == ("call", "RUNNING")
    assert (ended["status"], ended["total_tokens"]) == ("ERROR", 5)
    assert (trace["step_count"], trace["error_count"], trace["total_tokens"]) == (1, 1, 5)


async def test_a_refused_step_names_the_field(context: Context) -> None:
    """A step that breaks a rule is not stored, and its user error leads to the value, in the names of the API."""
    for wrong, code, path in REFUSED:
        payload = await recording.create_step(
            context, StepDraft(**{"id": STEP, "trace_id": TRACE, "name": "call"} | wrong)
        )
        assert [(error["code"], error["path"]) for error in payload["user_errors"]] == [(code, ["input", *path])]
        assert payload["user_errors"][0]["message"]
        assert await steps.recorded(context, [payload]) == [None]

    assert (await steps.page(context, page=Page())).nodes == []


async def test_every_broken_rule_is_named(context: Context) -> None:
    """Several mistakes in one input are told at once."""
    draft = TraceDraft(name="", tags=["fine", ""], session_id="s" * 501, metadata=Json("1"))
    payload = await recording.create_trace(context, draft)

    assert {tuple(error["path"]) for error in payload["user_errors"]} == {
        ("input", "name"),
        ("input", "tags", "1"),
        ("input", "sessionId"),
        ("input", "metadata"),
    }


async def test_a_bad_record_does_not_hold_up_the_others(context: Context) -> None:
    """The rest of the batch is stored; each result has its index, and the errors lead through the lists."""
    batch = Batch(
        traces=[TraceDraft(id=TRACE, name="plan"), TraceDraft(id=Uuid("no id"), name="plan")],
        steps=[
            StepDraft(id=STEP, trace_id=TRACE, name=""),
            StepDraft(trace_id=TRACE, name="call", usage=Usage(output=BigInt(-5))),
            StepDraft(trace_id=TRACE, name="call"),
        ],
    )
    payload = await recording.ingest(context, batch)
    trace = await traces.one(context, Id(TRACE))

    assert (payload["accepted"], payload["refused"]) == (2, 3)
    assert [(result["index"], result["status"]) for result in payload["traces"]] == [(0, "CREATED"), (1, "REFUSED")]
    assert [result["status"] for result in payload["steps"]] == ["REFUSED", "REFUSED", "CREATED"]
    assert [result["id"] for result in payload["steps"][:2]] == [STEP, None]
    assert paths(payload["traces"][1]) == [["input", "traces", "1", "id"]]
    assert paths(payload["steps"][0]) == [["input", "steps", "0", "name"]]
    assert paths(payload["steps"][1]) == [["input", "steps", "1", "usage", "output"]]
    assert trace is not None
    assert trace["step_count"] == 1


async def test_what_the_database_refuses_is_refused_alone(context: Context) -> None:
    """A value that only PostgreSQL finds wrong costs its own record, not the batch."""
    batch = Batch(
        traces=[TraceDraft(id=TRACE, name="plan", metadata=Json('{"broken": '))],
        steps=[StepDraft(trace_id=TRACE, name=f"call {number}") for number in range(5)],
    )
    payload = await recording.ingest(context, batch)

    assert (payload["accepted"], payload["refused"]) == (5, 1)
    assert payload["traces"][0]["status"] == "REFUSED"
    assert paths(payload["traces"][0])[0][:3] == ["input", "traces", "0"]


async def test_the_same_again_says_nothing_new(context: Context) -> None:
    """A repeated record is a duplicate: it changes nothing and is not announced."""
    batch = Batch(
        traces=[TraceDraft(id=TRACE, name="plan", tags=["b", "a"], input=Json('{"x": 1}'))],
        steps=[StepDraft(id=STEP, trace_id=TRACE, name="call", end_time=LATE, usage=Usage(input=BigInt(1)))],
    )
    first = await recording.ingest(context, batch)
    before = await head(context.database, context.project_id), await traces.one(context, Id(TRACE))
    again = await recording.ingest(context, batch)
    alone = await recording.create_trace(context, next(iter(batch.traces or ())))

    assert [result["status"] for result in (*first["traces"], *first["steps"])] == ["CREATED", "CREATED"]
    assert [result["status"] for result in (*again["traces"], *again["steps"])] == ["DUPLICATE", "DUPLICATE"]
    assert again["accepted"] == 2
    assert alone["duplicate"]
    assert before == (await head(context.database, context.project_id), await traces.one(context, Id(TRACE)))


async def test_a_batch_is_bounded(context: Context) -> None:
    """1,000 records are taken, one more refuses the batch as a whole, and nothing of it is stored."""
    payload = await recording.ingest(context, Batch(traces=[TraceDraft(name="plan")] * 500, steps=steps_of(500)))
    with pytest.raises(Invalid, match="1,000") as refusal:
        await recording.ingest(context, Batch(traces=[TraceDraft(id=STEP, name="plan")], steps=steps_of(1_000)))

    assert payload["accepted"] == 1_000
    assert refusal.value.path == ("input",)
    assert await traces.one(context, Id(STEP)) is None


async def test_a_key_that_may_not_write_writes_nothing(context: Context) -> None:
    """Without the scope INGEST every mutation is refused before anything is stored."""
    reader = with_scopes(context, READ)
    writes = [
        recording.create_trace(reader, TraceDraft(id=TRACE, name="plan")),
        recording.update_trace(reader, TraceCorrection(id=TRACE, name="plan")),
        recording.create_step(reader, StepDraft(id=STEP, trace_id=TRACE, name="call")),
        recording.update_step(reader, StepCorrection(id=STEP, trace_id=TRACE, name="call")),
        recording.ingest(reader, Batch(traces=[TraceDraft(id=TRACE, name="plan")])),
    ]
    for write in writes:
        with pytest.raises(Refused, match=INGEST):
            await write

    assert await traces.one(context, Id(TRACE)) is None


async def test_a_trace_goes_to_the_project_it_names(context: Context) -> None:
    """A key of all projects may name one by its name; the payload shows the trace there."""
    other = await create_project(context.database, "other")
    payload = await recording.create_trace(context, TraceDraft(id=TRACE, name="plan", project=Id("other")))
    (trace,) = await traces.recorded(context, [payload])

    assert trace is not None
    assert trace["project_id"] == other["id"]
    assert await traces.one(context, Id(TRACE)) is None


async def test_an_unknown_project_is_named(context: Context) -> None:
    """A project that is not there refuses the mutation with the path to its name, and is not made."""
    with pytest.raises(Invalid) as refusal:
        await recording.create_trace(context, TraceDraft(name="plan", project=Id("nowhere")))

    assert refusal.value.path == ("input", "project")
    assert await find_project(context.database, "nowhere") is None


def paths(result: dict[str, Any]) -> list[list[str]]:
    return [error["path"] for error in result["user_errors"]]


def steps_of(count: int) -> list[StepDraft]:
    trace = Uuid(new_id())
    return [StepDraft(trace_id=trace, name="call") for _ in range(count)]
