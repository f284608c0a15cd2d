"""What the same database does without us: bare loops over asyncpg, and a bare handler in front of the same writer."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime

import asyncpg

from benchmarks.ingest.records import batch, record
from ingest.merge import KEYS
from ingest.records import StepRecord

TYPES = {
    "id": "uuid", "trace_id": "uuid", "parent_id": "uuid", "start_time": "timestamptz", "end_time": "timestamptz",
    "time_to_first_token_ms": "float8", "input_tokens": "int8", "output_tokens": "int8", "cache_read_tokens": "int8",
    "cache_write_tokens": "int8", "reasoning_tokens": "int8", "cost": "numeric", "recorded": "bool",
}  # fmt: skip
CASTS = {"input": "::json", "output": "::json", "attributes": "::jsonb", "corrected": "::text[]"}

COLUMNS = StepRecord._fields
VALUES = ", ".join(f"r.{column}{CASTS.get(column, '')}" for column in COLUMNS)
ARRAYS = ", ".join(f"${number}::{TYPES.get(column, 'text')}[]" for number, column in enumerate(COLUMNS, start=2))
SETS = ", ".join(f"{column} = coalesce(excluded.{column}, t.{column})" for column in COLUMNS if column not in KEYS)
NOW = f"${len(COLUMNS) + 2}"

# One array per column, as anybody would write it.
UPSERT = f"""
INSERT INTO trace_steps AS t (project_id, {", ".join(COLUMNS)}, created_at, updated_at)
SELECT $1, {VALUES}, {NOW}, {NOW} FROM unnest({ARRAYS}) AS r ({", ".join(COLUMNS)})
ON CONFLICT (project_id, trace_id, id) DO UPDATE SET {SETS}
RETURNING old.status, new.status
"""
INSERT = """
INSERT INTO traces (project_id, id, name, status, start_time, created_at, updated_at)
VALUES ($1, $2, 'bare', 'RUNNING', $3, $3, $3)
"""


async def upserts(url: str, project_id: str, *, size: int, seconds: float) -> float:
    """Rows per second of a loop that upserts prepared batches, each in a transaction of its own."""
    return await upserts_of(
        [[record(sent) for sent in batch(size)] for _ in range(int(seconds * 80))], url, project_id, seconds
    )


async def upserts_of(batches: Sequence[list[StepRecord]], url: str, project_id: str, seconds: float) -> float:
    """The same for given batches."""
    connection = await asyncpg.connect(url)
    begun, rows = time.perf_counter(), 0
    for records in batches:
        await connection.fetch(UPSERT, project_id, *zip(*records, strict=True), datetime.now(UTC))
        rows += len(records)
        if time.perf_counter() - begun > seconds:
            break
    taken = time.perf_counter() - begun
    await connection.close()
    return rows / taken


async def inserts(url: str, project_id: str, identities: Sequence[str]) -> list[float]:
    """Seconds of each of a series of single inserts, committed one by one."""
    connection = await asyncpg.connect(url)
    taken = []
    for identity in identities:
        begun = time.perf_counter()
        async with connection.transaction():
            await connection.execute(INSERT, project_id, identity, datetime.now(UTC))
        taken.append(time.perf_counter() - begun)
    await connection.close()
    return taken
