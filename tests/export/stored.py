"""Rows to export: a few with everything that formats stumble over, or as many as one likes."""

from __future__ import annotations

from typing import Any

import orjson

from models.database import Database

# Texts that are formulas, look absent, or contain what a format is made of.
NASTY = (
    "=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "'=1", "\uff1d1",
    '"', '""', "a,b", "a\nb", "a\r\nb", "#end rows=0",
    "", " ", "NULL", "null", "NaN", "\\N", "\\.", "\x01quoted\x02", "naïve 🙂",
    "true", "0123", "a'b", "{}", "x" * 3_000,
)  # fmt: skip
# What was sent as JSON, breaks between the tokens included.
SENT = (
    '{"a": [1,\n 2.50]}',
    "-5",
    '"=1+1"',
    '"\\u0001 \\\\ \\n"',
    "[\r\n]",
    "null",
    '"naïve 🙂"',
    "12345678901234567890.10",
)

TRACES = """
INSERT INTO traces (
    project_id, id, name, status, start_time, end_time, session_id, tags, metadata, input, output, cost, step_count,
    created_at, updated_at
)
SELECT $1, ('019ac000-0000-7000-8000-' || lpad(place::text, 12, '0'))::uuid, name, 'OK',
    '2026-11-02T10:00:00.000001Z'::timestamptz + place * interval '1 s',
    CASE WHEN place % 2 = 0 THEN '2026-11-02T11:00:00Z'::timestamptz END, nullif(name, 'NULL'), ARRAY[name, 'b'],
    jsonb_build_object('k', name), sent::json, NULL, CASE WHEN place % 3 = 0 THEN 0.1 + place END, place,
    '2026-11-02T10:00:00Z', '2026-11-02T10:00:00.5Z'
FROM unnest($2::text[], $3::text[]) WITH ORDINALITY AS given (name, sent, place)
"""
STEPS = """
INSERT INTO trace_steps (
    project_id, trace_id, id, parent_id, name, kind, status, start_time, end_time, provider, request_model,
    input_tokens, cost, input, output, attributes, error_message, created_at, updated_at
)
SELECT project_id, id, id, '00000000-0000-0000-0000-00000000abcd', name, 'LLM', 'ERROR', start_time, end_time,
    session_id, name, step_count, cost, input, output, metadata, name, created_at, updated_at
FROM traces WHERE project_id = $1
"""
MANY = """
INSERT INTO trace_steps (
    project_id, trace_id, id, name, kind, status, start_time, input, attributes, created_at, updated_at
)
SELECT $1, ('019ac000-0000-7000-8000-' || lpad((place / 20)::text, 12, '0'))::uuid,
    ('019ac000-0001-7000-8000-' || lpad(place::text, 12, '0'))::uuid, 'step ' || place, 'TOOL', 'OK',
    '2026-11-02T10:00:00Z', to_json(repeat(md5(place::text), 16)), '{}', now(), now()
FROM generate_series(1, $2::int) AS place
"""

SESSIONS = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'tracegraph export'"


async def store_nasty(database: Database, project_id: str) -> None:
    """A trace for each nasty text, and a step of the same id in each of them."""
    sent = [SENT[place % len(SENT)] for place in range(len(NASTY))]
    await database.execute(TRACES, project_id, list(NASTY), sent)
    await database.execute(STEPS, project_id)


async def store_many(database: Database, project_id: str, steps: int) -> None:
    """So many steps of about 700 bytes, twenty in each trace."""
    await database.execute(MANY, project_id, steps)


async def nobody_exports(database: Database) -> bool:
    """Whether no export has a session of PostgreSQL."""
    row = await database.fetchrow(SESSIONS)
    return row is not None and row[0] == 0


def lines_of(body: bytes) -> tuple[list[bytes], dict[str, Any]]:
    """The rows of an NDJSON file, and what its last line says."""
    *rows, last = body.splitlines(keepends=True)
    end: dict[str, Any] = orjson.loads(last)["end"]
    return rows, end
