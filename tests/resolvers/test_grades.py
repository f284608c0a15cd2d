"""Grades through the API: of runs, windows, groups and models, and of projects that know what they want."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest

from analytics.merging import merge_project
from auth.viewer import INGEST
from ingest.drafts import Draft, StepDraft, TraceDraft, Usage
from models.enums import StepKind, StepStatus, TraceStatus
from models.errors import Refused
from models.ids import new_id
from models.values import BigInt, Money, Uuid
from operations.engine import engine
from resolvers import grades
from resolvers.context import Context
from schema.contract import contract
from tests.resolvers.conftest import elsewhere, with_scopes

NOW = datetime.now(UTC)
GRADE = "grade { letter score version sampleSize confidence components { name score value baseline explanation } }"
RUNS = f'{{ traces(first: 100, filter: {{name: {{in: ["chat", "rare"]}}}}) {{ nodes {{ name {GRADE} }} }} }}'
MODELS = f"""query Q($range: TimeRange!) {{ compareModels(range: $range) {{ rows {{ model {GRADE} }} }} }}"""
GROUPS = f"""
query Q($range: TimeRange!, $by: [Dimension!]) {{
  analytics(range: $range, groupBy: $by) {{ {GRADE} groups {{ key {{ value }} {GRADE} }} }}
}}
"""
TARGETS = """
mutation T($id: ID!, $targets: TargetsInput) {
  updateProject(input: {id: $id, targets: $targets}) {
    project { targets { traceDurationMs traceCost errorRate } } userErrors { path }
  }
}
"""


async def test_runs_are_graded_beside_runs_of_their_name(context: Context) -> None:
    """Each run of a page is held against runs of its own name and project; a rare name has no grade."""
    other = await elsewhere(context)
    await record(context, [*runs("chat", 2_000, 30), *runs("chat", 8_000, 1), *runs("rare", 2_000, 19)])
    await record(other, runs("chat", 9_000, 30))

    found = (await ask(context, RUNS))["traces"]["nodes"]

    letters = sorted((node["name"], (node["grade"] and node["grade"]["letter"]) or "") for node in found)
    assert letters == [*[("chat", "A")] * 30, ("chat", "C"), *[("rare", "")] * 19]
    (slow,) = [node["grade"] for node in found if node["grade"] and node["grade"]["letter"] == "C"]
    assert (slow["version"], slow["sampleSize"]) == (1, 31)
    assert slow["components"][0]["explanation"].startswith(
        "The run took 8 s; the median of 31 such runs in 7 days is 2"
    )


async def test_deltas_and_merged_days_tell_the_same(context: Context) -> None:
    """A grade is the same before and after the roll-ups were merged, and for runs on the edge of the seven days."""
    old = [*runs("chat", 2_000, 19, days=6), *runs("chat", 6_000, 20, days=7), *runs("chat", 2_000, 1)]
    await record(context, old)
    before = (await ask(context, RUNS))["traces"]["nodes"]
    await merge_project(context.database, context.project_id, NOW)

    assert (await ask(context, RUNS))["traces"]["nodes"] == before
    assert before[0]["grade"]["sampleSize"] == 20


async def test_targets_replace_what_is_usual(context: Context) -> None:
    """Targets that an administrator sets are told with the project, and every run is held against them at once."""
    await record(context, runs("chat", 2_000, 30))
    wanted = {"traceDurationMs": 500, "traceCost": "1.50"}
    changed = (await ask(context, TARGETS, id=context.project_id, targets=wanted))["updateProject"]
    kept = (await ask(context, TARGETS, id=context.project_id))["updateProject"]
    found = (await ask(context, RUNS))["traces"]["nodes"][0]["grade"]
    refused = (await ask(context, TARGETS, id=context.project_id, targets={"errorRate": 2}))["updateProject"]

    assert changed["project"]["targets"] == wanted | {"errorRate": None}
    assert kept == changed
    assert found["components"][0]["score"] == 50
    assert found["components"][0]["explanation"].startswith("The run took 2 s; the target is 500 ms.")
    assert refused == {"project": None, "userErrors": [{"path": ["input", "targets", "errorRate"]}]}


async def test_models_are_graded_beside_each_other(context: Context) -> None:
    """The quick model is better than the median of them, the slow one worse, and a rare one is not graded."""
    await record(context, [*calls("quick", 100), *calls("usual", 200), *calls("slow", 900), *calls("rare", 1, count=3)])

    rows = {row["model"]: row["grade"] for row in (await ask(context, MODELS, range=hours(3)))["compareModels"]["rows"]}

    assert {model: grade and grade["letter"] for model, grade in rows.items()} == {
        "quick": "A",
        "usual": "A",
        "slow": "D",
        "rare": None,
    }
    assert "the median of the 4 models is 20" in rows["slow"]["components"][0]["explanation"]


@pytest.mark.parametrize(
    ("by", "letters"),
    [
        (["MODEL"], {("quick",): "A", ("usual",): "D", ("slow",): "D"}),
        (["NAME"], {("call",): "B"}),
        (["STATUS"], {("OK",): None, ("ERROR",): None}),
        ([], {}),
    ],
)
async def test_windows_and_groups_are_graded(
    context: Context, by: list[str], letters: dict[tuple[str, ...], str | None]
) -> None:
    """A window and the steps of a name are held against the window before, other groups against their median."""
    failed = [calls("usual", 200, hour=hour, status=StepStatus.ERROR, count=2) for hour in (2, 4)]
    now = [*calls("quick", 100), *calls("usual", 200), *calls("slow", 900), *failed[0]]
    await record(context, [*now, *calls("usual", 880, hour=4, count=100), *failed[1]])

    found = (await ask(context, GROUPS, range=hours(3), by=by))["analytics"]

    assert found["grade"]["letter"] == "B"
    assert "in the window before it was 8" in found["grade"]["components"][0]["explanation"]
    groups = {tuple(key["value"] for key in group["key"]): group["grade"] for group in found["groups"]}
    assert {key: grade and grade["letter"] for key, grade in groups.items()} == letters


async def test_grading_needs_its_scope(context: Context) -> None:
    """A key without the scope READ is told no grade."""
    with pytest.raises(Refused):
        await grades.of_traces(with_scopes(context, INGEST), [])


async def ask(context: Context, question: str, **variables: Any) -> Any:
    ours = engine(contract._schema)  # noqa: SLF001  Strawberry has no public way to it
    body = orjson.loads((await ours.run(ours.prepare(question, None), variables, replace(context, loaders={}))).body)
    assert "errors" not in body, body
    return body["data"]


async def record(context: Context, drafts: list[Draft]) -> None:
    await context.writer.record(context.project_id, drafts)


def hours(count: int) -> dict[str, str]:
    return {"start": (NOW - timedelta(hours=count)).isoformat(), "end": NOW.isoformat()}


def runs(name: str, milliseconds: float, count: int, days: int = 0) -> list[Draft]:
    """So many runs of one step each."""
    drafts: list[Draft] = []
    for number in range(count):
        trace, start = Uuid(new_id()), NOW - timedelta(days=days, milliseconds=number)
        end = start + timedelta(milliseconds=milliseconds)
        drafts += [
            TraceDraft(id=trace, name=name, status=TraceStatus.OK, start_time=start, end_time=end),
            StepDraft(
                trace_id=trace, name="call", status=StepStatus.OK, start_time=start, end_time=end, cost=Money("0.1")
            ),
        ]
    return drafts


def calls(
    model: str, milliseconds: float, *, hour: int = 2, count: int = 40, status: StepStatus = StepStatus.OK
) -> list[Draft]:
    """So many model calls."""
    return [
        StepDraft(
            trace_id=Uuid(new_id()),
            name="call",
            kind=StepKind.LLM,
            status=status,
            start_time=(start := NOW - timedelta(hours=hour, milliseconds=number)),
            end_time=start + timedelta(milliseconds=milliseconds + number / 10),
            model=model,
            usage=Usage(input=BigInt(100), output=BigInt(50)),
            cost=Money("0.01"),
        )
        for number in range(count)
    ]
