"""Baselines: what is usual for the traces and steps of a name, from the roll-ups of the seven days up to theirs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from analytics.samples import Sample, sample_of
from analytics.statements import DURATIONS, FIRST_TOKENS
from models.database import Database
from models.rows import Row

DAY = timedelta(days=1)
DAYS = 7
LEAST = 20  # values that a baseline needs

# The days and the deltas that are not merged yet, in some spans. $1 project, $2 and $3 bounds of the spans, $4 subject.
STORED = """
FROM unnest($2::timestamptz[], $3::timestamptz[]) AS span (start_time, end_time)
CROSS JOIN unnest('{DAY,DELTA}'::text[]) AS tiers (tier)
CROSS JOIN LATERAL (
    SELECT *, date_trunc('day', bucket, 'UTC') AS day FROM trace_analytics
    WHERE project_id = $1 AND tier = tiers.tier AND subject = $4::text
        AND bucket >= span.start_time AND bucket < span.end_time
    OFFSET 0
) AS stored
"""
USUAL_TRACES = f"""
SELECT day, name, count, output_tokens, cost, duration_microseconds, {DURATIONS} AS durations
{STORED} WHERE status = 'OK' AND name = ANY ($5::text[])
"""
USUAL_STEPS = f"""
SELECT day, name, kind, model, {DURATIONS} AS durations, {FIRST_TOKENS} AS first_tokens
{STORED} WHERE status = 'OK' AND name = ANY ($5::text[])
"""
USUAL_FAILURES = f"""
SELECT day, sum(count)::bigint AS count,
    coalesce(sum(count) FILTER (WHERE status = 'ERROR'), 0)::bigint AS errors
{STORED} GROUP BY day
"""
TRACE, STEP = "TRACE", "STEP"

StepKey = tuple[str, str, str | None]
"""Name, kind and model."""
Days = dict[tuple[tuple[str | None, ...], datetime], list[Row]]


@dataclass(frozen=True, kw_only=True)
class UsualTrace:
    """What is usual for traces of a name that went well: their number, median duration, mean cost and speed."""

    count: int
    duration_ms: float
    cost: float
    tokens_per_second: float


@dataclass(frozen=True, kw_only=True)
class UsualStep:
    """What is usual for steps of a name, kind and model that went well."""

    durations: Sample
    first_tokens: Sample


@dataclass(frozen=True, kw_only=True)
class UsualFailures:
    """How many steps a project has, and how many of them fail."""

    count: int
    errors: int

    @property
    def rate(self) -> float:
        """The share of steps that fail."""
        return self.errors / self.count if self.count else 0.0


def day_of(moment: datetime) -> datetime:
    """The UTC day of a moment."""
    return moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


async def usual_traces(
    database: Database, project_id: str, wanted: Iterable[tuple[str, datetime]]
) -> dict[tuple[str, datetime], UsualTrace]:
    """What is usual for traces of each name on each day; nothing where there are too few to tell."""
    keys = set(wanted)
    spans, names = _spans({day for _, day in keys}), sorted({name for name, _ in keys})
    rows = _by_day(await database.fetch(USUAL_TRACES, project_id, *spans, TRACE, names), "name")
    found = {(name, day): _usual_trace(_within(rows, (name,), day)) for name, day in keys}
    return {key: usual for key, usual in found.items() if usual is not None}


async def usual_steps(
    database: Database, project_id: str, wanted: Iterable[tuple[StepKey, datetime]]
) -> dict[tuple[StepKey, datetime], UsualStep]:
    """What is usual for steps of each key on each day."""
    keys = set(wanted)
    if not keys:
        return {}
    spans, names = _spans({day for _, day in keys}), sorted({key[0] for key, _ in keys})
    rows = _by_day(await database.fetch(USUAL_STEPS, project_id, *spans, STEP, names), "name", "kind", "model")
    return {(key, day): _usual_step(_within(rows, key, day)) for key, day in keys}


async def usual_failures(
    database: Database, project_id: str, days: Iterable[datetime]
) -> dict[datetime, UsualFailures]:
    """How many steps of the project failed in the seven days up to each day."""
    wanted = set(days)
    rows = _by_day(await database.fetch(USUAL_FAILURES, project_id, *_spans(wanted), STEP))
    return {day: _usual_failures(_within(rows, (), day)) for day in wanted}


def _usual_trace(rows: Sequence[Row]) -> UsualTrace | None:
    count = sum(row["count"] for row in rows)
    durations = sample_of([row["durations"] for row in rows], [])
    median = durations.quantile(0.5)
    if min(count, durations.count) < LEAST or median is None:
        return None
    seconds = float(sum(Decimal(row["duration_microseconds"]) for row in rows)) / 1_000_000
    return UsualTrace(
        count=count,
        duration_ms=median,
        cost=float(sum(Decimal(row["cost"]) for row in rows)) / count,
        tokens_per_second=sum(row["output_tokens"] for row in rows) / seconds if seconds > 0 else 0.0,
    )


def _usual_step(rows: Sequence[Row]) -> UsualStep:
    return UsualStep(
        durations=sample_of([row["durations"] for row in rows], []),
        first_tokens=sample_of([row["first_tokens"] for row in rows], []),
    )


def _usual_failures(rows: Sequence[Row]) -> UsualFailures:
    return UsualFailures(count=sum(row["count"] for row in rows), errors=sum(row["errors"] for row in rows))


def _spans(days: Iterable[datetime]) -> tuple[list[datetime], list[datetime]]:
    """The starts and ends of the spans that seven days up to each of these make together."""
    starts: list[datetime] = []
    ends: list[datetime] = []
    for day in sorted(days):
        start, end = day - (DAYS - 1) * DAY, day + DAY
        if ends and start <= ends[-1]:
            ends[-1] = end
        else:
            starts.append(start)
            ends.append(end)
    return starts, ends


def _by_day(rows: Iterable[Row], *columns: str) -> Days:
    found: Days = defaultdict(list)
    for row in rows:
        found[tuple(row[column] for column in columns), row["day"]].append(row)
    return found


def _within(rows: Days, key: tuple[str | None, ...], day: datetime) -> list[Row]:
    """The rows of a key in the seven days up to a day."""
    return [row for back in range(DAYS) for row in rows.get((key, day - back * DAY), ())]
