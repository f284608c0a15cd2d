"""Analytics through the API, against the same numbers computed anew from the stored steps."""

import math
import random
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import orjson
import pytest

from analytics.merging import merge_project
from ingest.drafts import Draft, StepDraft, TraceDraft, Usage
from models.enums import StepKind, StepStatus
from models.ids import new_id
from models.rows import Row
from models.values import BigInt, Money, Uuid
from operations.engine import Engine, engine
from resolvers.context import Context
from schema.contract import contract
from tests.resolvers.conftest import elsewhere

NOW = datetime.now(UTC).replace(second=0, microsecond=0)
MODELS = ("large", "small", "tiny", None)
STORED = """
SELECT trace_steps.*, traces.user_id, traces.session_id, traces.environment, traces.release, traces.service_name,
    traces.tags
FROM trace_steps JOIN traces ON traces.id = trace_steps.trace_id WHERE trace_steps.project_id = $1
"""
METRICS = """
fragment M on Metrics {
  traceCount stepCount errorCount errorRate cost stepsPerSecond usage { input output total }
  durationMs { count mean min max p50 p95 p99 quantile(q: 0.42) histogram(buckets: 5) { from to count } }
  timeToFirstTokenMs { count p50 }
}
"""
QUESTION = (
    """
query Q(
  $start: DateTime!, $end: DateTime!, $by: [Dimension!], $interval: Interval, $top: Int, $zone: String,
  $traces: TraceFilter, $steps: StepFilter
) {
  analytics(
    range: {start: $start, end: $end}, groupBy: $by, interval: $interval, top: $top, timeZone: $zone,
    traces: $traces, steps: $steps
  ) {
    source relativeError totals { ...M } previous { ...M } other { ...M } series { start metrics { ...M } }
    groups { key { dimension value } metrics { ...M } previous { ...M } series { start metrics { stepCount cost } } }
  }
}
"""
    + METRICS
)


@pytest.fixture
async def steps(context: Context) -> list[Row]:
    """Four hundred steps over five days: three quarters of them merged, the others appended after that."""
    await context.writer.record(context.project_id, drafts(1, 300))
    await merge_project(context.database, context.project_id, NOW)
    await context.writer.record(context.project_id, drafts(2, 100))
    return list(await context.database.fetch(STORED, context.project_id))


@pytest.fixture(scope="module")
def ours() -> Engine:
    return engine(contract._schema)  # noqa: SLF001  Strawberry has no public way to it


SPANS = {
    "whole days": (timedelta(days=5), timedelta()),
    "odd seconds": (timedelta(days=4, hours=3, minutes=17, seconds=5, milliseconds=3), timedelta(minutes=3, seconds=7)),
    "minutes": (timedelta(hours=30, minutes=11), timedelta(minutes=2)),
}


GROUPINGS: list[list[str]] = [
    [],
    ["MODEL"],
    ["MODEL", "STATUS", "PROVIDER"],
    ["HOUR_OF_DAY"],
    ["USER"],
    ["KIND", "TAG"],
    ["DAY_OF_WEEK", "NAME"],
    ["SESSION", "ENVIRONMENT", "ERROR_TYPE"],
    ["SERVICE", "RELEASE"],
]


@pytest.mark.parametrize("span", SPANS)
async def test_answers_equal_the_steps(span: str, steps: Sequence[Row], context: Context, ours: Engine) -> None:
    """Counts, sums, groups, series and the previous window are exactly what the steps say, whatever the source."""
    start, end = NOW - SPANS[span][0], NOW - SPANS[span][1]
    for dimensions in GROUPINGS:
        await _equals_the_steps(start, end, dimensions, steps, context, ours)


async def _equals_the_steps(
    start: datetime, end: datetime, dimensions: list[str], steps: Sequence[Row], context: Context, ours: Engine
) -> None:
    answer = await ask(ours, context, start=start, end=end, by=dimensions, interval="HOUR", top=3, zone="UTC")

    within = [step for step in steps if start <= step["start_time"] < end]
    before = [step for step in steps if start - (end - start) <= step["start_time"] < start]
    exact = answer["source"] == "STEPS"
    assert answer["relativeError"] == (0 if exact else 0.01)
    agrees(answer["totals"], within, exact=exact)
    agrees(answer["previous"], before, exact=exact)
    assert sum(point["metrics"]["stepCount"] for point in answer["series"]) == len(within)
    assert sum(Decimal(point["metrics"]["cost"]) for point in answer["series"]) == total_cost(within)
    groups = grouped(within, dimensions) if dimensions else {}
    for group in answer["groups"]:
        members = groups.pop(tuple(part["value"] for part in group["key"]))
        agrees(group["metrics"], members, exact=exact)
        assert sum(point["metrics"]["stepCount"] for point in group["series"]) == len(members)
        assert group["previous"]["stepCount"] == len(
            grouped(before, dimensions).get(tuple(part["value"] for part in group["key"]), [])
        )
    if answer["other"]:
        agrees(answer["other"], [step for members in groups.values() for step in members], exact=exact)
    else:
        assert not groups


SETS: dict[str, tuple[dict[str, Any], str, Callable[[Row], bool]]] = {
    "a model": ({"steps": {"model": {"eq": "small"}}}, "ROLLUP", lambda step: step["model"] == "small"),
    "a choice": (
        {"steps": {"or": [{"model": {"isNull": True}}, {"not": {"kind": {"eq": "LLM"}}}]}},
        "ROLLUP",
        lambda step: step["model"] is None or step["kind"] != "LLM",
    ),
    "slow ones": (
        {"steps": {"durationMs": {"gte": 150.0}, "status": {"ne": "ERROR"}}},
        "STEPS",
        lambda step: step["duration_ms"] is not None and step["duration_ms"] >= 150 and step["status"] != "ERROR",
    ),
    "a user": ({"traces": {"userId": {"eq": "u1"}}}, "STEPS", lambda step: step["user_id"] == "u1"),
    "both": (
        {"traces": {"tags": {"hasAny": ["red"]}}, "steps": {"name": {"in": ["call"]}}},
        "STEPS",
        lambda step: "red" in step["tags"] and step["name"] == "call",
    ),
    "nothing": ({"steps": {"model": {"eq": "none of them"}}}, "ROLLUP", lambda _: False),
}


async def test_filters_name_the_steps_that_count(steps: Sequence[Row], context: Context, ours: Engine) -> None:
    """Totals, groups, series and the previous window are of the steps that filters name, from whatever can tell."""
    for name in SETS:
        for dimensions in ([], ["STATUS"], ["USER"]):
            await _is_of_the_set(name, dimensions, steps, context, ours)


async def _is_of_the_set(
    name: str, dimensions: list[str], steps: Sequence[Row], context: Context, ours: Engine
) -> None:
    filters, source, holds = SETS[name]
    start, end = NOW - timedelta(days=3, minutes=5), NOW - timedelta(seconds=11)
    answer = await ask(ours, context, start=start, end=end, by=dimensions, interval="DAY", zone="Asia/Tokyo", **filters)

    within = [step for step in steps if start <= step["start_time"] < end and holds(step)]
    before = [step for step in steps if start - (end - start) <= step["start_time"] < start and holds(step)]
    exact = answer["source"] == "STEPS"
    assert answer["source"] == ("STEPS" if dimensions == ["USER"] else source)
    agrees(answer["totals"], within, exact=exact)
    agrees(answer["previous"], before, exact=exact)
    assert answer["totals"]["traceCount"] == len({step["trace_id"] for step in within})
    assert sum(point["metrics"]["stepCount"] for point in answer["series"]) == len(within)
    groups = grouped(within, dimensions) if dimensions else {}
    assert len(groups) == len(answer["groups"])
    for group in answer["groups"]:
        agrees(group["metrics"], groups[tuple(part["value"] for part in group["key"])], exact=exact)


async def test_projects_are_added_up(context: Context, ours: Engine) -> None:
    """A filter that chooses several projects answers about all of their steps, the groups with most of all first."""
    other, third = await elsewhere(context), await elsewhere(context)
    for number, here in enumerate((context, other, third)):
        await here.writer.record(here.project_id, drafts(number, 40 * (number + 1)))
        await merge_project(here.database, here.project_id, NOW)
    both = {"traces": {"project": {"in": [other.project_id, third.project_id]}}}
    stored = [row for here in (other, third) for row in await here.database.fetch(STORED, here.project_id)]
    for dimensions in (["MODEL", "NAME"], ["USER"]):
        start, end = NOW - timedelta(days=6), NOW + timedelta(days=1)
        answer = await ask(ours, context, start=start, end=end, by=dimensions, top=3, zone="UTC", **both)

        exact = dimensions == ["USER"]
        agrees(answer["totals"], stored, exact=exact)
        sizes = sorted((len(members) for members in grouped(stored, dimensions).values()), reverse=True)
        assert [group["metrics"]["stepCount"] for group in answer["groups"]] == sizes[:3]
        assert answer["other"]["stepCount"] == sum(sizes[3:])
        for group in answer["groups"]:
            agrees(
                group["metrics"],
                grouped(stored, dimensions)[tuple(part["value"] for part in group["key"])],
                exact=exact,
            )


async def test_days_of_a_changing_clock_have_their_own_length(context: Context, ours: Engine) -> None:
    """The days on which the clocks change are 23 and 25 hours long, and each starts at its midnight."""
    ends = {"2026-03-28": "2026-03-31", "2026-10-24": "2026-10-27"}
    for first, last in ends.items():
        start, end = (datetime.fromisoformat(f"{day}T00:00:00+00:00") for day in (first, last))
        answer = await ask(ours, context, start=start, end=end, interval="DAY", zone="Europe/Berlin")

        starts = [datetime.fromisoformat(point["start"]) for point in answer["series"]]
        hours = {(later - earlier) / timedelta(hours=1) for earlier, later in pairwise(starts)}
        assert hours == {24.0, 23.0 if first < "2026-06" else 25.0}


@pytest.mark.parametrize(
    ("wrong", "path"),
    [
        ({"zone": "Mars/Olympus"}, "timeZone"),
        ({"top": 0}, "top"),
        ({"by": ["MODEL", "MODEL"]}, "groupBy"),
        ({"interval": "MINUTE", "start": NOW - timedelta(days=3)}, "interval"),
        ({"start": NOW + timedelta(days=3)}, "range"),
        ({"start": datetime(1, 1, 1, tzinfo=UTC)}, "range"),
        ({"end": datetime(9999, 12, 31, tzinfo=UTC)}, "range"),
        ({"steps": {"durationMs": {"gte": float("inf")}}}, "steps"),
        ({"traces": {"not": {"project": {"isNull": False}}}}, "traces"),
    ],
)
async def test_what_cannot_be_answered_is_invalid(
    wrong: dict[str, Any], path: str, context: Context, ours: Engine
) -> None:
    """Unknown zones, doubled dimensions, too many points, impossible ranges and filters are told with their place."""
    variables = {"start": NOW - timedelta(days=1), "end": NOW, **wrong}
    body = await answered(ours, context, variables)

    assert body["errors"][0]["extensions"]["code"] == "INVALID"
    assert path in orjson.dumps(body["errors"]).decode()


async def ask(ours: Engine, context: Context, **variables: Any) -> dict[str, Any]:
    body = await answered(ours, context, variables)
    assert "errors" not in body, body["errors"]
    found: dict[str, Any] = body["data"]["analytics"]
    return found


async def answered(ours: Engine, context: Context, variables: dict[str, Any]) -> dict[str, Any]:
    sent = {name: value.isoformat() if isinstance(value, datetime) else value for name, value in variables.items()}
    body: dict[str, Any] = orjson.loads((await ours.run(ours.prepare(QUESTION, "Q"), sent, context)).body)
    return body


COLUMNS = {name.upper(): name for name in ("model", "status", "kind", "name", "provider", "error_type")}
COLUMNS |= {"USER": "user_id", "SESSION": "session_id", "SERVICE": "service_name"}
COLUMNS |= {"ENVIRONMENT": "environment", "RELEASE": "release"}


def drafts(seed: int, number: int) -> list[Draft]:
    rng = random.Random(seed)
    records: list[Draft] = []
    for place in range(number // 4):
        trace_id = Uuid(new_id())
        tags = rng.sample(["red", "blue", "green"], rng.randint(0, 2))
        started = NOW - timedelta(seconds=rng.uniform(0, 5 * 86_400))
        records.append(
            TraceDraft(
                id=trace_id,
                name="run",
                start_time=started,
                user_id=f"u{place % 5}",
                session_id=rng.choice([None, f"s{place // 9}"]),
                environment=rng.choice(["production", "test"]),
                release=rng.choice([None, "1.0", "1.1"]),
                service_name=rng.choice(["shop", "desk"]),
                tags=tags,
            )
        )
        records += [step(rng, trace_id, started) for _ in range(4)]
    return records


def step(rng: random.Random, trace_id: Uuid, started: datetime) -> Draft:
    start = started + timedelta(seconds=rng.uniform(0, 4000))
    return StepDraft(
        id=Uuid(new_id()),
        trace_id=trace_id,
        name=rng.choice(["call", "look"]),
        kind=rng.choice([StepKind.LLM, StepKind.TOOL]),
        status=rng.choice([StepStatus.OK, StepStatus.ERROR]),
        start_time=start,
        end_time=rng.choice([None, start + timedelta(milliseconds=rng.lognormvariate(5, 2))]),
        time_to_first_token_ms=rng.choice([None, rng.uniform(0, 500)]),
        model=rng.choice(MODELS),
        provider=rng.choice([None, "one", "two"]),
        error_type=rng.choice([None, "TimeoutError"]),
        usage=Usage(input=BigInt(rng.randint(0, 99)), output=BigInt(rng.randint(0, 99))),
        cost=rng.choice([None, Money("0.0125"), Money("3")]),
    )


def agrees(metrics: dict[str, Any], steps: Sequence[Row], *, exact: bool) -> None:
    """The metrics are those of the steps; quantiles within 1 % unless they are exact."""
    values = sorted(step["duration_ms"] for step in steps if step["duration_ms"] is not None)
    assert metrics["stepCount"] == len(steps)
    assert metrics["errorCount"] == sum(step["status"] == "ERROR" for step in steps)
    assert Decimal(metrics["cost"]) == total_cost(steps)
    assert metrics["usage"]["input"] == sum(step["input_tokens"] for step in steps)
    distribution = metrics["durationMs"]
    assert distribution["count"] == len(values)
    assert sum(bucket["count"] for bucket in distribution["histogram"]) == len(values)
    if values:
        assert math.isclose(distribution["mean"], sum(values) / len(values), rel_tol=1e-6)
    for name, q in {"min": 0, "p50": 0.5, "p95": 0.95, "p99": 0.99, "max": 1, "quantile": 0.42}.items():
        expected = values[int(q * (len(values) - 1))] if values else None
        found = distribution[name]
        assert found == expected if exact or expected is None else math.isclose(found, expected, rel_tol=0.01 + 1e-9)


def total_cost(steps: Sequence[Row]) -> Decimal:
    return sum((Decimal(step["cost"]) for step in steps if step["cost"] is not None), Decimal(0))


def grouped(steps: Sequence[Row], dimensions: Sequence[str]) -> dict[tuple[str | None, ...], list[Row]]:
    groups: dict[tuple[str | None, ...], list[Row]] = defaultdict(list)
    for one in steps:
        start: datetime = one["start_time"]
        columns = {dimension: one[column] for dimension, column in COLUMNS.items()}
        columns |= {"HOUR_OF_DAY": str(start.hour), "DAY_OF_WEEK": str(start.isoweekday())}
        for tag in (one["tags"] or [None]) if "TAG" in dimensions else [None]:
            groups[tuple((columns | {"TAG": tag})[dimension] for dimension in dimensions)].append(one)
    return groups
