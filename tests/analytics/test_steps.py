"""The steps that paths and rules look at: those of the traces asked for, and no more than an answer bears."""

import pytest

from analytics.steps import FACTS, TIMES, steps_of
from ingest.drafts import StepDraft
from ingest.writer import Writer
from models.database import Database
from models.enums import StepKind
from models.errors import Refused
from models.ids import new_id
from models.values import Json, Uuid


async def test_too_many_steps_are_refused(database: Database, writer: Writer, project_id: str) -> None:
    """Traces with more steps together than an answer may read are refused, and the message says what to do."""
    ids = [Uuid(new_id()) for _ in range(3)]
    await writer.record(project_id, [StepDraft(trace_id=trace, name=str(n)) for trace in ids for n in range(4)])

    assert [len(rows) for rows in (await steps_of(database, TIMES, project_id, ids, most=12)).values()] == [4, 4, 4]
    with pytest.raises(Refused, match="more than 11 steps together; ask for fewer"):
        await steps_of(database, TIMES, project_id, ids, most=11)


async def test_equal_inputs_have_equal_digests(database: Database, writer: Writer, project_id: str) -> None:
    """Repetitions are told by what was asked, not by the id of the call; a step like no other is not looked at."""
    inputs: dict[str, Json | None] = {
        "one": Json('{"id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{}"}}'),
        "same": Json('{"id": "call_2", "type": "function", "function": {"name": "f", "arguments": "{}"}}'),
        "other": Json('{"id": "call_2", "type": "function", "function": {"name": "f", "arguments": "{\\"a\\": 1}"}}'),
        "silent": None,
    }
    trace = Uuid(new_id())
    drafts = [
        StepDraft(trace_id=trace, name="f", kind=StepKind.TOOL, model=None, error_type=name, input=text)
        for name, text in inputs.items()
    ]
    lone = StepDraft(trace_id=trace, name="g", kind=StepKind.TOOL, input=Json("[1]"))
    await writer.record(project_id, [*drafts, lone])

    rows = (await steps_of(database, FACTS, project_id, [trace]))[trace]

    calls = [row["digest"] for row in rows if row["name"] == "f"]
    assert [row["digest"] for row in rows if row["name"] == "g"] == [None]
    assert calls.count(None) == 1
    assert len(set(calls)) == 3
