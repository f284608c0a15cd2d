"""What is asked: of us as GraphQL, and of PostgreSQL alone as SQL over the steps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import orjson

RANGE = "$start: DateTime!, $end: DateTime!"
SPREAD = "durationMs { p50 p95 p99 }"
GROUPS = "groups { key { value } metrics { stepCount errorRate cost " + SPREAD + " } }"

# One pass for the groups and one for the series, as anybody would write them.
PEER = (
    """
SELECT model, count(*), avg((status = 'ERROR')::int), sum(cost),
    percentile_cont(ARRAY[0.5, 0.95, 0.99]) WITHIN GROUP (ORDER BY duration_ms)
FROM trace_steps WHERE project_id = $1 AND start_time >= $2 AND start_time < $3 GROUP BY model
""",
    """
SELECT date_trunc('{unit}', start_time) AS point, count(*), sum(cost)
FROM trace_steps WHERE project_id = $1 AND start_time >= $2 AND start_time < $3 GROUP BY point
""",
)


@dataclass(frozen=True, kw_only=True)
class Question:
    """A question about the time before the end, what its answer may cost, and the same in SQL where that is told."""

    name: str
    document: str
    length: timedelta
    limit_ms: float
    variables: Mapping[str, Any] = field(default_factory=dict)
    unit: str | None = None

    def body(self, end: datetime) -> bytes:
        """The request for it."""
        variables = {"start": (end - self.length).isoformat(), "end": end.isoformat(), **self.variables}
        return orjson.dumps({"query": self.document, "variables": variables})

    @property
    def sql(self) -> list[str]:
        """What the peer runs."""
        return [statement.format(unit=self.unit) for statement in PEER] if self.unit else []


def analytics(arguments: str, selection: str) -> str:
    """A document that asks about a range."""
    return f"query({RANGE}) {{ analytics(range: {{start: $start, end: $end}}{arguments}) {{ source {selection} }} }}"


BY_MODEL = "groupBy: [MODEL]"
OF_A_USER = 'traces: {userId: {eq: "user-00042"}}'
OF_A_TENANT = 'traces: {metadata: [{path: ["tenant"], eq: "t0042"}]}'
SERIES = "series { start metrics { stepCount cost } }"
COMPARISON = f"""query({RANGE}) {{ compareModels(range: {{start: $start, end: $end}}) {{
  best {{ latency reliability cost throughput overall }}
  rows {{
    model metrics {{ stepCount errorRate costPerThousandTokens outputTokensPerSecond {SPREAD} }}
    fasterThanMedian {{ difference pValue significant }} cheaperThanMedian {{ difference pValue significant }}
    moreReliableThanMedian {{ difference pValue significant }}
  }}
}} }}"""

MONTH, DAY = timedelta(days=30), timedelta(days=1)
QUESTIONS = (
    Question(
        name="month_by_model_daily",
        document=analytics(f", {BY_MODEL}, interval: DAY", f"{GROUPS} {SERIES}"),
        length=MONTH,
        limit_ms=100,
        unit="day",
    ),
    Question(
        name="month_by_model_daily_of_each",
        document=analytics(f", {BY_MODEL}, interval: DAY", f"{GROUPS.removesuffix('}')} {SERIES} }}"),
        length=MONTH,
        limit_ms=100,
    ),
    Question(
        name="day_by_model_minutes",
        document=analytics(f", {BY_MODEL}, interval: MINUTE", f"{GROUPS} {SERIES}"),
        length=DAY,
        limit_ms=100,
        unit="minute",
    ),
    Question(name="compare_models", document=COMPARISON, length=MONTH, limit_ms=100),
    Question(
        name="day_of_a_user",
        document=analytics(f", {BY_MODEL}, {OF_A_USER}", GROUPS),
        length=DAY,
        limit_ms=1000,
    ),
    Question(
        name="day_of_a_tenant",
        document=analytics(f", {BY_MODEL}, {OF_A_TENANT}", GROUPS),
        length=DAY,
        limit_ms=1000,
    ),
    Question(
        name="day_by_user",
        document=analytics(", groupBy: [USER]", GROUPS),
        length=DAY,
        limit_ms=1000,
    ),
)
