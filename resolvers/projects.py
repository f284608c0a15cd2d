"""Answers about projects and their keys."""

from __future__ import annotations

from collections.abc import Sequence

from auth.viewer import ADMIN, require
from models.rows import Row
from resolvers.context import Context
from resolvers.rows import KEY_COLUMNS, PROJECT_COLUMNS, reads

BY_IDS = f"SELECT {', '.join(PROJECT_COLUMNS)} FROM projects WHERE id = ANY ($1::uuid[])"
TRACE_COUNT = "SELECT count(*) FROM traces WHERE project_id = $1"
KEYS = f"""
SELECT {", ".join(KEY_COLUMNS)} FROM api_keys WHERE project_id = ANY ($1::uuid[])
ORDER BY created_at, id LIMIT 1000
"""


@reads("project_id")
async def of_rows(context: Context, parents: Sequence[Row]) -> list[Row | None]:
    """The project it belongs to."""
    ids = sorted({parent["project_id"] for parent in parents if parent["project_id"]})
    rows = await context.database.fetch(BY_IDS, ids) if ids else []
    found = {row["id"]: row for row in rows}
    return [found.get(parent["project_id"]) for parent in parents]


@reads("id")
async def trace_counts(context: Context, parents: Sequence[Row]) -> list[int]:
    """How many traces it holds."""
    counts = [await context.database.fetchrow(TRACE_COUNT, parent["id"]) for parent in parents]
    return [row[0] if row else 0 for row in counts]


@reads("id")
async def keys_of(context: Context, parents: Sequence[Row]) -> list[list[Row]]:
    """The keys that open it and only it, oldest first; needs the scope ADMIN."""
    require(context.viewer, ADMIN)
    rows = await context.database.fetch(KEYS, [parent["id"] for parent in parents])
    return [[row for row in rows if row["project_id"] == parent["id"]] for parent in parents]
