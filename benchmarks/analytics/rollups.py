"""The roll-ups of stored steps, as the writer and the merge would have left them."""

from __future__ import annotations

from datetime import datetime, timedelta

import asyncpg

from analytics.merging import minutes_from
from models.sketch import GAMMA

# $1 project, $2 and $3 a span, $4 the tier, $5 its unit.
RECOMPUTE = f"""
WITH steps AS (
    SELECT date_trunc($5, start_time, 'UTC') AS bucket, {{name}} AS name, status, {{kind}} AS kind,
        {{provider}} AS provider, {{model}} AS model,
        coalesce(input_tokens, 0) AS input_tokens, coalesce(output_tokens, 0) AS output_tokens,
        coalesce(cost, 0) AS cost, round((duration_ms * 1000)::numeric) AS duration,
        round((time_to_first_token_ms * 1000)::numeric) AS first_token,
        ceil(ln(duration_ms) / ln({GAMMA!r}::float8))::int AS duration_index,
        ceil(ln(time_to_first_token_ms) / ln({GAMMA!r}::float8))::int AS first_token_index
    FROM trace_steps WHERE project_id = $1 AND start_time >= $2 AND start_time < $3
), entries AS (
    SELECT bucket, name, status, kind, provider, model, duration_index, NULL::int AS first_token_index,
        count(*) AS count, sum(input_tokens) AS input_tokens, sum(output_tokens) AS output_tokens, sum(cost) AS cost,
        sum(duration) AS duration, sum(first_token) AS first_token
    FROM steps GROUP BY bucket, name, status, kind, provider, model, duration_index
    UNION ALL
    SELECT bucket, name, status, kind, provider, model, NULL, first_token_index, count(*), 0, 0, 0, 0, 0
    FROM steps GROUP BY bucket, name, status, kind, provider, model, first_token_index
)
INSERT INTO trace_analytics (
    project_id, tier, bucket, subject, name, status, kind, provider, model, count, input_tokens, output_tokens,
    cache_read_tokens, cache_write_tokens, reasoning_tokens, cost, duration_microseconds,
    duration_indexes, duration_counts, durations,
    first_token_microseconds, first_token_indexes, first_token_counts, first_tokens
)
SELECT $1, $4, bucket, 'STEP', name, status, kind, provider, model,
    sum(count) FILTER (WHERE duration_index IS NOT NULL), sum(input_tokens), sum(output_tokens), 0, 0, 0, sum(cost),
    sum(duration),
    array_agg(duration_index ORDER BY duration_index) FILTER (WHERE duration_index IS NOT NULL),
    array_agg(count ORDER BY duration_index) FILTER (WHERE duration_index IS NOT NULL),
    string_agg(duration_index::bytea || count::bytea, ''::bytea ORDER BY duration_index)
        FILTER (WHERE duration_index IS NOT NULL),
    sum(first_token),
    array_agg(first_token_index ORDER BY first_token_index) FILTER (WHERE first_token_index IS NOT NULL),
    array_agg(count ORDER BY first_token_index) FILTER (WHERE first_token_index IS NOT NULL),
    string_agg(first_token_index::bytea || count::bytea, ''::bytea ORDER BY first_token_index)
        FILTER (WHERE first_token_index IS NOT NULL)
FROM entries GROUP BY bucket, name, status, kind, provider, model
"""
ALL = {name: name for name in ("name", "kind", "provider", "model")}
BY_MODEL = ALL | {"name": "''"}
TOTAL = BY_MODEL | dict.fromkeys(("kind", "provider", "model"), "NULL::text")
TIERS = (
    *(("DAY", "day", ALL), ("HOUR", "hour", ALL), ("MINUTE", "minute", ALL)),
    *(
        ("MODEL_DAY", "day", BY_MODEL),
        ("MODEL_HOUR", "hour", BY_MODEL),
        ("MODEL_MINUTE", "minute", BY_MODEL),
        ("TOTAL_MINUTE", "minute", TOTAL),
    ),
)


async def roll_up(
    connection: asyncpg.Connection[asyncpg.Record], project_id: str, start: datetime, end: datetime
) -> None:
    """Fill every tier, day by day; minutes as far back as they are kept."""
    day = start.replace(hour=0, minute=0)
    while day < end:
        for tier, unit, columns in TIERS:
            first = max(day, minutes_from(end)) if unit == "minute" else day
            if first < day + timedelta(days=1):
                sql = RECOMPUTE.format(**columns)
                await connection.execute(sql, project_id, first, day + timedelta(days=1), tier, unit)
        day += timedelta(days=1)
    await connection.execute("VACUUM ANALYZE trace_analytics")
