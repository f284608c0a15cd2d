"""The comparison of models through the API."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, TypeAlias

import orjson
import pytest

from analytics.merging import merge_project
from ingest.drafts import Draft, StepDraft, Usage
from models.enums import StepStatus
from models.ids import new_id
from models.values import BigInt, Money, Uuid
from operations.engine import engine
from resolvers.context import Context
from schema.contract import contract

Ask: TypeAlias = Callable[..., Awaitable[dict[str, Any]]]

NOW = datetime.now(UTC)
# Milliseconds, failures of each 40 steps, and dollars.
MODELS = {"quick": (100, 0, "0.2"), "usual": (200, 4, "0.1"), "slow": (400, 30, "0.3")}
QUESTION = """
query Q($start: DateTime!, $end: DateTime!, $models: [String!], $steps: StepFilter) {
  compareModels(range: {start: $start, end: $end}, models: $models, steps: $steps) {
    best { latency reliability cost throughput overall }
    rows {
      model provider metrics { stepCount durationMs { p50 } }
      fasterThanMedian { difference pValue significant } moreReliableThanMedian { difference significant }
      cheaperThanMedian { difference pValue significant }
    }
  }
}
"""


@pytest.fixture
async def ask(context: Context) -> Ask:
    """Forty steps of each model and one of a rare one, and the way to ask about them."""
    records = [step(model, place) for model in MODELS for place in range(40)] + [step("quick", 0, model="rare")]
    await context.writer.record(context.project_id, records)
    await merge_project(context.database, context.project_id, NOW)
    ours = engine(contract._schema)  # noqa: SLF001  Strawberry has no public way to it
    span = {"start": (NOW - timedelta(hours=3)).isoformat(), "end": NOW.isoformat()}

    async def asked(**variables: Any) -> dict[str, Any]:
        body = orjson.loads((await ours.run(ours.prepare(QUESTION, "Q"), span | variables, context)).body)
        assert "errors" not in body, body
        found: dict[str, Any] = body["data"]["compareModels"]
        return found

    return asked


async def test_models_are_told_apart_by_what_is_no_chance(ask: Ask) -> None:
    """The quick and the slow model differ from the usual one, a rare one is not judged, and each best is named."""
    found = await ask()

    best = {"latency": "quick", "reliability": "quick", "cost": "usual", "throughput": "quick", "overall": "quick"}
    assert found["best"] == best
    rows = {row["model"]: row for row in found["rows"]}
    for judgement in ("fasterThanMedian", "cheaperThanMedian", "moreReliableThanMedian"):
        assert rows["rare"][judgement] is None
    assert rows["quick"]["fasterThanMedian"]["significant"]
    assert abs(rows["quick"]["fasterThanMedian"]["difference"] - (1 - 119 / 219)) < 0.02
    assert not rows["usual"]["fasterThanMedian"]["significant"]
    assert abs(rows["slow"]["fasterThanMedian"]["difference"] - (1 - 419 / 219)) < 0.04
    assert rows["slow"]["moreReliableThanMedian"]["significant"]
    assert rows["usual"]["cheaperThanMedian"]["significant"]
    assert abs(rows["usual"]["cheaperThanMedian"]["difference"] - 0.5) < 1e-9
    assert rows["quick"]["cheaperThanMedian"] == {"difference": 0, "pValue": 1, "significant": False}
    assert rows["slow"]["cheaperThanMedian"]["difference"] < 0


async def test_only_what_is_asked_for_is_compared(ask: Ask) -> None:
    """Named models are compared with each other, filters leave steps out, and no model at all is an answer too."""
    two = await ask(models=["quick", "slow", "nowhere"])
    failed = await ask(steps={"status": {"eq": "ERROR"}})
    slowest = await ask(steps={"durationMs": {"gte": 400.0}})
    none = await ask(models=[])

    assert [row["model"] for row in two["rows"]] == ["quick", "slow"]
    assert two["best"]["cost"] == "quick"
    assert [(row["model"], row["metrics"]["stepCount"]) for row in failed["rows"]] == [("slow", 30), ("usual", 4)]
    assert [(row["model"], row["metrics"]["stepCount"]) for row in slowest["rows"]] == [("slow", 40)]
    assert none["rows"] == []
    assert set(none["best"].values()) == {None}


def step(like: str, place: int, model: str | None = None) -> Draft:
    milliseconds, failures, cost = MODELS[like]
    start = NOW - timedelta(minutes=170 - 4 * place)
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
        cost=Money(str(Decimal(cost) * (10 + place % 5))),  # not the same in each block of time
    )
