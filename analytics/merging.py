"""Merging roll-ups: deltas that writers appended become one row per key in each tier."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import structlog

from models.database import Database
from models.errors import Fault

BATCH = 20_000  # deltas merged in one transaction
DEADLINE = 60.0
MINUTES_KEPT = timedelta(hours=48)

log = structlog.get_logger()

PROJECTS = "SELECT id FROM projects ORDER BY id"

# One merger per project, the others leave it to him; the lock goes with the transaction, and writers don't know it.
TRY_LOCK = "SELECT pg_try_advisory_xact_lock(hashtext('tracegraph merge'), hashtext($1))"

# What is added up of a row.
FACTS = """count, input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, reasoning_tokens, cost,
        duration_microseconds, duration_indexes, duration_counts,
        first_token_microseconds, first_token_indexes, first_token_counts"""

# The deltas and the merged rows of their keys go, the sums of both come, in one statement: at any moment each tier,
# together with the deltas that are left, holds everything. $2: how many deltas; $3: older minutes are not kept.
# Merged rows are looked up by bucket (OFFSET 0 keeps the planner from scanning the project), then matched by key.
MERGE = f"""
WITH taken AS (
    DELETE FROM trace_analytics WHERE project_id = $1 AND id = ANY (ARRAY (
        SELECT id FROM trace_analytics
        WHERE project_id = $1 AND tier = 'DELTA' AND subject = ANY ('{{STEP,TRACE}}') LIMIT $2
    ))
    RETURNING *
), due AS MATERIALIZED (
    SELECT tiers.tier AS due_tier, date_trunc(tiers.unit, taken.bucket, 'UTC') AS due_bucket, subject,
        CASE WHEN tiers.detail = 'ALL' THEN name ELSE '' END AS name, status,
        CASE WHEN tiers.detail <> 'STATUS' THEN kind END AS kind,
        CASE WHEN tiers.detail <> 'STATUS' THEN provider END AS provider,
        CASE WHEN tiers.detail <> 'STATUS' THEN model END AS model,
        CASE WHEN tiers.detail <> 'STATUS' THEN environment END AS environment,
        CASE WHEN tiers.detail <> 'STATUS' THEN service_name END AS service_name, {FACTS}
    FROM taken CROSS JOIN (VALUES
        ('MINUTE', 'minute', 'ALL'), ('HOUR', 'hour', 'ALL'), ('DAY', 'day', 'ALL'),
        ('MODEL_MINUTE', 'minute', 'MODEL'), ('MODEL_HOUR', 'hour', 'MODEL'), ('MODEL_DAY', 'day', 'MODEL'),
        ('TOTAL_MINUTE', 'minute', 'STATUS')
    ) AS tiers (tier, unit, detail)
    WHERE tiers.unit <> 'minute' OR taken.bucket >= $3
), keys AS MATERIALIZED (
    SELECT DISTINCT due_tier, due_bucket, subject, name, status, kind, provider, model, environment, service_name
    FROM due
), found AS MATERIALIZED (
    SELECT stored.id
    FROM (SELECT DISTINCT due_tier, due_bucket, subject FROM keys) AS place
    CROSS JOIN LATERAL (
        SELECT * FROM trace_analytics AS stored
        WHERE stored.project_id = $1 AND stored.tier = place.due_tier AND stored.subject = place.subject
            AND stored.bucket = place.due_bucket
        OFFSET 0
    ) AS stored
    JOIN keys ON keys.due_tier = stored.tier AND keys.due_bucket = stored.bucket AND keys.subject = stored.subject
        AND keys.name = stored.name AND keys.status = stored.status
        AND keys.kind IS NOT DISTINCT FROM stored.kind AND keys.provider IS NOT DISTINCT FROM stored.provider
        AND keys.model IS NOT DISTINCT FROM stored.model AND keys.environment IS NOT DISTINCT FROM stored.environment
        AND keys.service_name IS NOT DISTINCT FROM stored.service_name
), replaced AS (
    DELETE FROM trace_analytics WHERE project_id = $1 AND id = ANY (ARRAY (SELECT id FROM found)) RETURNING *
), parts AS MATERIALIZED (
    SELECT *, dense_rank() OVER (
        ORDER BY due_tier, due_bucket, subject, name, status, kind, provider, model, environment, service_name
    ) AS number
    FROM (
        SELECT * FROM due
        UNION ALL
        SELECT tier, bucket, subject, name, status, kind, provider, model, environment, service_name, {FACTS}
        FROM replaced
    ) AS part
), duration_buckets AS (
    SELECT number, entry.index, sum(entry.count) AS count
    FROM parts CROSS JOIN LATERAL unnest(duration_indexes, duration_counts) AS entry (index, count)
    GROUP BY number, entry.index HAVING sum(entry.count) <> 0
), durations AS (
    SELECT number, array_agg(index ORDER BY index) AS indexes, array_agg(count::bigint ORDER BY index) AS counts,
        string_agg(index::bytea || count::bigint::bytea, ''::bytea ORDER BY index) AS packed
    FROM duration_buckets GROUP BY number
), first_token_buckets AS (
    SELECT number, entry.index, sum(entry.count) AS count
    FROM parts CROSS JOIN LATERAL unnest(first_token_indexes, first_token_counts) AS entry (index, count)
    GROUP BY number, entry.index HAVING sum(entry.count) <> 0
), first_tokens AS (
    SELECT number, array_agg(index ORDER BY index) AS indexes, array_agg(count::bigint ORDER BY index) AS counts,
        string_agg(index::bytea || count::bigint::bytea, ''::bytea ORDER BY index) AS packed
    FROM first_token_buckets GROUP BY number
), sums AS (
    SELECT number, due_tier, due_bucket, subject, name, status, kind, provider, model, environment, service_name,
        sum(count)::bigint AS count, sum(input_tokens)::bigint AS input_tokens,
        sum(output_tokens)::bigint AS output_tokens, sum(cache_read_tokens)::bigint AS cache_read_tokens,
        sum(cache_write_tokens)::bigint AS cache_write_tokens, sum(reasoning_tokens)::bigint AS reasoning_tokens,
        sum(cost) AS cost, sum(duration_microseconds) AS duration, sum(first_token_microseconds) AS first_token
    FROM parts
    GROUP BY number, due_tier, due_bucket, subject, name, status, kind, provider, model, environment, service_name
), merged AS (
    INSERT INTO trace_analytics (
        project_id, tier, bucket, subject, name, status, kind, provider, model, environment, service_name, count,
        input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, reasoning_tokens, cost,
        duration_microseconds, duration_indexes, duration_counts, durations,
        first_token_microseconds, first_token_indexes, first_token_counts, first_tokens
    )
    SELECT $1, due_tier, due_bucket, subject, name, status, kind, provider, model, environment, service_name, count,
        input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, reasoning_tokens, cost,
        duration, coalesce(durations.indexes, '{{}}'), coalesce(durations.counts, '{{}}'),
        coalesce(durations.packed, ''), first_token, coalesce(first_tokens.indexes, '{{}}'),
        coalesce(first_tokens.counts, '{{}}'), coalesce(first_tokens.packed, '')
    FROM sums LEFT JOIN durations USING (number) LEFT JOIN first_tokens USING (number)
    WHERE (count, input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, reasoning_tokens, cost,
        duration, first_token) <> (0, 0, 0, 0, 0, 0, 0, 0, 0)
        OR durations.number IS NOT NULL OR first_tokens.number IS NOT NULL
)
SELECT count(*) FROM taken
"""

# Hours and days hold what these minutes held.
FORGET = """
DELETE FROM trace_analytics
WHERE project_id = $1 AND tier = ANY ('{MINUTE,MODEL_MINUTE,TOTAL_MINUTE}') AND subject = ANY ('{STEP,TRACE}')
    AND bucket < $2
"""


async def keep_merged(database: Database, every: timedelta) -> None:
    """Merge again and again until cancelled; what fails is logged and tried at the next turn."""
    while True:
        try:
            await merge_rollups(database, datetime.now(UTC))
        except Fault as fault:
            log.warning("roll-ups not merged", error=fault.message)
        await asyncio.sleep(every.total_seconds())


async def merge_rollups(database: Database, now: datetime) -> int:
    """Merge the deltas of every project and forget old minutes; returns how many deltas were merged."""
    rows = await database.fetch(PROJECTS)
    return sum([await merge_project(database, row["id"], now) for row in rows])


async def merge_project(database: Database, project_id: str, now: datetime, *, batch: int = BATCH) -> int:
    """Merge the deltas of a project, `batch` of them per transaction; returns how many there were."""
    merged = 0
    while True:
        taken = await _merge_batch(database, project_id, minutes_from(now), batch)
        merged += taken
        if taken < batch:
            return merged


def minutes_from(now: datetime) -> datetime:
    """The hour before which no minutes are kept."""
    return (now - MINUTES_KEPT).replace(minute=0, second=0, microsecond=0)


async def _merge_batch(database: Database, project_id: str, horizon: datetime, batch: int) -> int:
    async with database.connection(DEADLINE) as connection, connection.transaction():
        if not await connection.fetchval(TRY_LOCK, project_id):
            return 0
        taken: int = await connection.fetchval(MERGE, project_id, batch, horizon)
        await connection.execute(FORGET, project_id, horizon)
        return taken
