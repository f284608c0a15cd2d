"""The comparison of models through the API."""

from datetime import UTC, datetime, timedelta

import orjson

from analytics.merging import merge_project
from ingest.drafts import Draft, StepDraft, Usage
from models.enums import StepStatus
from models.ids import new_id
from models.values import BigInt, Money, Uuid
from operations.engine import engine
from resolvers.context import Context
from schema.contract import contract

NOW = datetime.now(UTC)
# Milliseconds, failures of each 40 steps, and dollars.
MODELS = {"quick": (100, 0, "0.2"), "usual": (200, 4, "0.1"), "slow": (400, 30, "0.3")}
QUESTION = """
query Q($start: DateTime!, $end: DateTime!) {
  compareModels(range: {start: $start, end: $end}) {
    best { latency reliability cost throughput }
    rows {
      model provider metrics { stepCount durationMs { p50 } }
      fasterThanMedian { difference pValue significant } moreReliableThanMedian { difference significant }
    }
  }
}
"""


async def test_models_are_told_apart_by_what_is_no_chance(context: Context) -> None:
    """The quick and the slow model differ from the usual one, a rare one is not judged, and each best is named."""
    records = [step(model, place) for model in MODELS for place in range(40)] + [step("quick", 0, model="rare")]
    await context.writer.record(context.project_id, records)
    await merge_project(context.database, context.project_id, NOW)
    ours = engine(contract._schema)  # noqa: SLF001  Strawberry has no public way to it
    span = {"start": (NOW - timedelta(hours=3)).isoformat(), "end": NOW.isoformat()}

    body = orjson.loads((await ours.run(ours.prepare(QUESTION, "Q"), span, context)).body)

    assert "errors" not in body, body
    found = body["data"]["compareModels"]
    assert found["best"] == {"latency": "quick", "reliability": "quick", "cost": "usual", "throughput": "quick"}
    rows = {row["model"]: row for row in found["rows"]}
    assert rows["rare"]["fasterThanMedian"] is None
    assert rows["rare"]["moreReliableThanMedian"] is None
    assert rows["quick"]["fasterThanMedian"]["significant"]
    assert abs(rows["quick"]["fasterThanMedian"]["difference"] - (1 - 119 / 219)) < 0.02
    assert not rows["usual"]["fasterThanMedian"]["significant"]
    assert abs(rows["slow"]["fasterThanMedian"]["difference"] - (1 - 419 / 219)) < 0.04
    assert rows["slow"]["moreReliableThanMedian"]["significant"]


def step(like: str, place: int, model: str | None = None) -> Draft:
    milliseconds, failures, cost = MODELS[like]
    start = NOW - timedelta(hours=2, seconds=place)
    return StepDraft(
        id=Uuid(new_id()),
        trace_id=Uuid(new_id()),
        name="call",
        status=StepStatus.ERROR if place < failures else StepStatus.OK,
        start_time=start,
        end_time=start + timedelta(milliseconds=milliseconds + place),
        model=model or like,
        provider="somebody",
        usage=Usage(input=BigInt(100), output=BigInt(50)),
        cost=Money(cost),
    )
