"""The SQL of analytics: facts from roll-ups or from steps, and what is made of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count, islice

from analytics.questions import Dimension

TRACE_DIMENSIONS = {
    Dimension.ENVIRONMENT: "trace.environment",
    Dimension.SERVICE: "trace.service_name",
    Dimension.USER: "trace.user_id",
    Dimension.SESSION: "trace.session_id",
    Dimension.TAG: "tag.name",
    Dimension.RELEASE: "trace.release",
}
TIME_DIMENSIONS = {
    Dimension.HOUR_OF_DAY: "extract(hour FROM stored.{time} AT TIME ZONE $2::text)::int::text",
    Dimension.DAY_OF_WEEK: "extract(isodow FROM stored.{time} AT TIME ZONE $2::text)::int::text",
}
STEP_DIMENSIONS = {
    Dimension.MODEL: "stored.model",
    Dimension.PROVIDER: "stored.provider",
    Dimension.KIND: "stored.kind",
    Dimension.NAME: "stored.name",
    Dimension.STATUS: "stored.status",
    Dimension.ERROR_TYPE: "stored.error_type",
}
COLUMNS = TRACE_DIMENSIONS | TIME_DIMENSIONS | STEP_DIMENSIONS
MOST_DIMENSIONS = 3

# The sketches of a roll-up, packed (ADR 0044): most deltas are of one value, for which a function would be dear.
DURATIONS = """coalesce(stored.durations, CASE cardinality(stored.duration_indexes)
        WHEN 1 THEN stored.duration_indexes[1]::bytea || stored.duration_counts[1]::bytea
        ELSE packed(stored.duration_indexes, stored.duration_counts) END)"""
FIRST_TOKENS = """coalesce(stored.first_tokens, CASE cardinality(stored.first_token_indexes)
        WHEN 1 THEN stored.first_token_indexes[1]::bytea || stored.first_token_counts[1]::bytea
        ELSE packed(stored.first_token_indexes, stored.first_token_counts) END)"""

# $1 project, $2 time zone, $3 starts of the points, the rest as each source says. `{}` are constants of this module.
OF_ROLLUPS = """
SELECT {keys}, width_bucket(stored.bucket, $3::timestamptz[]) AS point, NULL::uuid AS trace_id, stored.status,
    stored.count, stored.input_tokens, stored.output_tokens, stored.cache_read_tokens, stored.cache_write_tokens,
    stored.reasoning_tokens, stored.cost, stored.duration_microseconds, stored.first_token_microseconds,
    {durations} AS durations, {first_tokens} AS first_tokens,
    NULL::float8 AS duration_ms, NULL::float8 AS time_to_first_token_ms
FROM unnest($4::text[], $5::timestamptz[], $6::timestamptz[]) AS part (tier, start_time, end_time)
CROSS JOIN LATERAL (
    SELECT * FROM trace_analytics
    WHERE project_id = $1 AND tier = part.tier AND subject = 'STEP'
        AND bucket >= part.start_time AND bucket < part.end_time AND {condition}
    OFFSET 0
) AS stored
WHERE $2::text IS NOT NULL
"""
OF_STEPS = """
SELECT {keys}, width_bucket(stored.start_time, $3::timestamptz[]) AS point, stored.trace_id, stored.status,
    1::bigint AS count, coalesce(stored.input_tokens, 0) AS input_tokens,
    coalesce(stored.output_tokens, 0) AS output_tokens, coalesce(stored.cache_read_tokens, 0) AS cache_read_tokens,
    coalesce(stored.cache_write_tokens, 0) AS cache_write_tokens,
    coalesce(stored.reasoning_tokens, 0) AS reasoning_tokens, coalesce(stored.cost, 0) AS cost,
    coalesce(round((stored.duration_ms * 1000)::numeric), 0) AS duration_microseconds,
    coalesce(round((stored.time_to_first_token_ms * 1000)::numeric), 0) AS first_token_microseconds,
    NULL::bytea AS durations, NULL::bytea AS first_tokens,
    stored.duration_ms, stored.time_to_first_token_ms
FROM unnest({starts}::timestamptz[], {ends}::timestamptz[]) AS edge (start_time, end_time)
CROSS JOIN LATERAL (
    SELECT * FROM trace_steps
    WHERE project_id = $1 AND start_time >= edge.start_time AND start_time < edge.end_time AND {condition}
    OFFSET 0
) AS stored
{joins}
WHERE $2::text IS NOT NULL
"""
TRACE = "JOIN traces AS trace ON trace.project_id = $1 AND trace.id = stored.trace_id"
TAG = "LEFT JOIN LATERAL unnest(trace.tags) AS tag (name) ON true"

SUMS = """
    coalesce(sum(count), 0)::bigint AS step_count,
    coalesce(sum(count) FILTER (WHERE status = 'ERROR'), 0)::bigint AS error_count,
    coalesce(sum(input_tokens), 0)::bigint AS input_tokens, coalesce(sum(output_tokens), 0)::bigint AS output_tokens,
    coalesce(sum(cache_read_tokens), 0)::bigint AS cache_read_tokens,
    coalesce(sum(cache_write_tokens), 0)::bigint AS cache_write_tokens,
    coalesce(sum(reasoning_tokens), 0)::bigint AS reasoning_tokens, coalesce(sum(cost), 0) AS cost,
    coalesce(sum(duration_microseconds), 0) AS duration_microseconds,
    coalesce(sum(first_token_microseconds), 0) AS first_token_microseconds
"""
ADDED = """
    sum(step_count)::bigint AS step_count, sum(error_count)::bigint AS error_count,
    sum(input_tokens)::bigint AS input_tokens, sum(output_tokens)::bigint AS output_tokens,
    sum(cache_read_tokens)::bigint AS cache_read_tokens, sum(cache_write_tokens)::bigint AS cache_write_tokens,
    sum(reasoning_tokens)::bigint AS reasoning_tokens, sum(cost) AS cost,
    sum(duration_microseconds) AS duration_microseconds, sum(first_token_microseconds) AS first_token_microseconds
"""

# The groups with most steps, and one of place 0 for all others.
RANKED = """
WITH facts AS ({facts}), grouped AS (
    SELECT k1, k2, k3, {sums} FROM facts GROUP BY k1, k2, k3 HAVING sum(count) <> 0
), ranked AS (
    SELECT *, row_number() OVER (ORDER BY step_count DESC, k1, k2, k3) AS rank FROM grouped
), placed AS (
    SELECT *, CASE WHEN rank <= {a}::int THEN rank ELSE 0 END AS place FROM ranked
)
SELECT place, CASE WHEN place > 0 THEN min(k1) END AS k1, CASE WHEN place > 0 THEN min(k2) END AS k2,
    CASE WHEN place > 0 THEN min(k3) END AS k3, {added}
FROM placed GROUP BY place ORDER BY place
"""

# Facts with the place of their group among the chosen ones; 0 is the place of all others.
PLACED = """
WITH facts AS ({facts}), placed AS (
    SELECT facts.*, coalesce(chosen.place, 0) AS place FROM facts
    LEFT JOIN unnest({a}::text[], {b}::text[], {c}::text[]) WITH ORDINALITY AS chosen (k1, k2, k3, place)
        ON coalesce(chosen.k1, '') = coalesce(facts.k1, '') AND (chosen.k1 IS NULL) = (facts.k1 IS NULL)
        AND coalesce(chosen.k2, '') = coalesce(facts.k2, '') AND (chosen.k2 IS NULL) = (facts.k2 IS NULL)
        AND coalesce(chosen.k3, '') = coalesce(facts.k3, '') AND (chosen.k3 IS NULL) = (facts.k3 IS NULL)
)
"""
FIGURES = PLACED + "SELECT place, point, {sums} FROM placed GROUP BY place, point"
TRACE_COUNTS = PLACED + "SELECT place, point, count(DISTINCT trace_id) AS count FROM placed GROUP BY place, point"

# Sketches one after the other, and `array_send`, the binary form of an array: neither needs an object per entry here.
SKETCHES = PLACED + "SELECT place, point, string_agg({sketch}, ''::bytea) AS sketches FROM placed GROUP BY place, point"
VALUES = (
    PLACED + "SELECT place, point, array_send(array_agg({value})) AS values"
    " FROM placed WHERE {value} IS NOT NULL GROUP BY place, point"
)

# Traces that started in a span: roll-ups of whole buckets, rows at the edges.
TRACES_STARTED = """
SELECT 0 AS place, point, sum(count)::bigint AS count FROM (
    SELECT width_bucket(stored.bucket, $2::timestamptz[]) AS point, stored.count
    FROM unnest($3::text[], $4::timestamptz[], $5::timestamptz[]) AS part (tier, start_time, end_time)
    CROSS JOIN LATERAL (
        SELECT * FROM trace_analytics
        WHERE project_id = $1 AND tier = part.tier AND subject = 'TRACE'
            AND bucket >= part.start_time AND bucket < part.end_time
        OFFSET 0
    ) AS stored
    UNION ALL
    SELECT width_bucket(trace.start_time, $2::timestamptz[]), 1
    FROM unnest($6::timestamptz[], $7::timestamptz[]) AS edge (start_time, end_time)
    JOIN traces AS trace ON trace.project_id = $1
        AND trace.start_time >= edge.start_time AND trace.start_time < edge.end_time
) AS started GROUP BY point
"""


@dataclass(frozen=True, kw_only=True)
class Facts:
    """A statement that yields facts, and what it is bound to."""

    sql: str
    values: Sequence[object]


def facts_of_steps(dimensions: Sequence[Dimension], condition: str, *, starts: str, ends: str) -> str:
    """Facts from the steps under a condition that start in the spans bound to two placeholders."""
    joins = [TRACE] * bool(set(dimensions) & set(TRACE_DIMENSIONS)) + [TAG] * (Dimension.TAG in dimensions)
    keys = _keys(dimensions, "start_time")
    return OF_STEPS.format(keys=keys, joins=" ".join(joins), condition=condition, starts=starts, ends=ends)


def facts_of_rollups(dimensions: Sequence[Dimension], condition: str) -> str:
    """Facts from the roll-ups of whole buckets under a condition; bound to $4 to $6."""
    return OF_ROLLUPS.format(
        keys=_keys(dimensions, "bucket"), condition=condition, durations=DURATIONS, first_tokens=FIRST_TOKENS
    )


def statement(template: str, facts: Facts, *values: object, **constants: str) -> tuple[str, list[object]]:
    """Put facts into a template; its own values follow those of the facts, in the order of their letters."""
    numbers = islice(count(len(facts.values) + 1), len(values))
    places = {letter: f"${number}" for letter, number in zip("abc", numbers, strict=False)}
    sql = template.format(facts=facts.sql, sums=SUMS, added=ADDED, **places, **constants)
    return sql, [*facts.values, *values]


def _keys(dimensions: Sequence[Dimension], time: str) -> str:
    columns = [COLUMNS[dimension].format(time=time) for dimension in dimensions]
    columns += ["NULL::text"] * (MOST_DIMENSIONS - len(columns))
    return ", ".join(f"{column} AS k{place}" for place, column in enumerate(columns, start=1))
