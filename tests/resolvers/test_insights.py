"""Insights through the API: of runs beside what is usual for their steps, and of windows beside the one before."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest

from auth.viewer import INGEST
from ingest.drafts import Draft, StepDraft, TraceDraft, Usage
from models.enums import StepKind, StepStatus, TraceStatus
from models.errors import Refused
from models.ids import new_id
from models.values import BigInt, Json, Money, Uuid
from operations.engine import engine
from resolvers import insights
from resolvers.context import Context
from schema.contract import contract
from tests.resolvers.conftest import elsewhere, with_scopes

NOW = datetime.now(UTC)
INSIGHTS = "insights { rule severity title explanation impactMs impactCost evidence { name durationMs status } }"
RUN = f"query Q($id: ID!) {{ trace(id: $id) {{ {INSIGHTS} }} }}"
RUNS = f"{{ traces(first: 50) {{ nodes {{ name {INSIGHTS} }} }} }}"
WINDOW = f"""
query Q($range: TimeRange!, $steps: StepFilter) {{ analytics(range: $range, steps: $steps) {{ source {INSIGHTS} }} }}
"""


async def test_a_run_is_beside_what_is_usual_in_its_project(context: Context) -> None:
    """A slow step is found beside those of the same project, with the step to read as evidence."""
    other = await elsewhere(context)
    for _ in range(25):
        await run(context, [("look", 0, 100), ("think", 100, 200)])
        await run(other, [("look", 0, 900), ("think", 900, 1000)])
    slow = [("look", 0, 900), ("think", 900, 1000)]
    found = (await ask(context, RUN, id=await run(context, slow)))["trace"]["insights"]
    as_usual = (await ask(other, RUN, id=await run(other, slow)))["trace"]["insights"]

    assert [insight["rule"] for insight in found] == ["SLOW_STEP", "CRITICAL_PATH"]
    assert [insight["rule"] for insight in as_usual] == ["CRITICAL_PATH"]
    assert found[0]["severity"] == "CRITICAL"
    assert found[0]["impactMs"] == pytest.approx(800, rel=0.02)
    assert found[0]["evidence"] == [{"name": "look", "durationMs": 900, "status": "OK"}]
    assert found[0]["explanation"].startswith("look took 900 ms. The median of 26 such steps in 7 days is 1")


async def test_each_run_of_a_page_has_its_own(context: Context) -> None:
    """One page: a run that asked the same twice, one that was tried again, one that waited, and one without steps."""
    same = Json('{"city": "Rome"}')
    await run(context, [("ask", 0, 400), ("say", 400, 600), ("ask", 600, 1000)], "again", input=same)
    await run(context, [("ask", 0, 300), ("say", 700, 1000)], "wait")
    await run(context, [], "empty")
    found = {node["name"]: node["insights"] for node in (await ask(context, RUNS))["traces"]["nodes"]}

    assert {name: [insight["rule"] for insight in those] for name, those in found.items()} == {
        "again": ["REPEATED_CALL", "CRITICAL_PATH"],
        "wait": ["IDLE_GAP"],
        "empty": [],
    }
    assert [step["name"] for step in found["again"][0]["evidence"]] == ["ask", "ask"]
    assert (found["again"][0]["impactMs"], found["again"][0]["impactCost"]) == (400, "0.010000")
    assert [step["name"] for step in found["wait"][0]["evidence"]] == ["ask", "say"]


@pytest.mark.parametrize(
    ("steps", "source", "expected"),
    [
        (None, "ROLLUP", ["LATENCY_REGRESSION", "ERROR_BURST"]),
        ({"name": {"eq": "look"}}, "ROLLUP", ["LATENCY_REGRESSION"]),
        ({"durationMs": {"gte": 300}}, "STEPS", []),
        ({"errorType": {"eq": "Timeout"}}, "STEPS", []),
    ],
)
async def test_a_window_is_beside_the_one_before(
    context: Context, steps: dict[str, Any] | None, source: str, expected: list[str]
) -> None:
    """What became slower and what failed all at once is found, from roll-ups and under filters, with steps to read."""
    drafts = [
        *(call("look", hour, number, 400 if hour < 3 else 100) for hour in (1, 2, 3, 4) for number in range(30)),
        *(call("find", hour, number, 50) for hour in (1, 2, 3, 4) for number in range(30)),
        *(call("find", 1.5, number, 50, StepStatus.ERROR) for number in range(25)),
    ]
    await context.writer.record(context.project_id, drafts)
    span = {"start": (NOW - timedelta(hours=2.5)).isoformat(), "end": NOW.isoformat()}

    answer = (await ask(context, WINDOW, range=span, steps=steps))["analytics"]

    found = answer["insights"]
    assert (answer["source"], [insight["rule"] for insight in found]) == (source, expected)
    for insight in found:
        name, status = ("look", "OK") if insight["rule"] == "LATENCY_REGRESSION" else ("find", "ERROR")
        assert {(step["name"], step["status"]) for step in insight["evidence"]} == {(name, status)}
        assert len(insight["evidence"]) == 5
        assert name in insight["title"]


async def test_reading_needs_its_scope(context: Context) -> None:
    """A key without the scope READ is told nothing."""
    with pytest.raises(Refused):
        await insights.of_traces(with_scopes(context, INGEST), [])


async def ask(context: Context, question: str, **variables: Any) -> Any:
    ours = engine(contract._schema)  # noqa: SLF001  Strawberry has no public way to it
    body = orjson.loads((await ours.run(ours.prepare(question, None), variables, replace(context, loaders={}))).body)
    assert "errors" not in body, body
    return body["data"]


async def run(
    context: Context, steps: Sequence[tuple[str, float, float]], name: str = "run", *, input: Json | None = None
) -> str:
    """Record a run of such steps."""
    trace, start = Uuid(new_id()), NOW - timedelta(hours=1)
    end = start + timedelta(milliseconds=max((end for _, _, end in steps), default=0))
    drafts: list[Draft] = [TraceDraft(id=trace, name=name, status=TraceStatus.OK, start_time=start, end_time=end)]
    drafts += [
        StepDraft(
            id=Uuid(new_id()),
            trace_id=trace,
            name=called,
            kind=StepKind.TOOL,
            status=StepStatus.OK,
            start_time=start + timedelta(milliseconds=first),
            end_time=start + timedelta(milliseconds=last),
            input=input,
            cost=Money("0.01"),
        )
        for called, first, last in steps
    ]
    await context.writer.record(context.project_id, drafts)
    return trace


def call(name: str, hour: float, number: int, milliseconds: float, status: StepStatus = StepStatus.OK) -> StepDraft:
    start = NOW - timedelta(hours=hour, seconds=number)
    return StepDraft(
        trace_id=Uuid(new_id()),
        name=name,
        kind=StepKind.TOOL,
        status=status,
        start_time=start,
        end_time=start + timedelta(milliseconds=milliseconds + number / 10),
        usage=Usage(input=BigInt(10)),
    )
