"""Stale traces: running ones of which nothing was heard for long are given up, until news arrives."""

from __future__ import annotations

from datetime import datetime, timedelta

from ingest.announcing import Publisher, announce
from ingest.merge import STALE, TRACE_RETURNING
from ingest.pricing import unpriced
from ingest.transaction import Changes, transaction
from models.database import Database
from models.enums import EventType

BATCH = 500

# The projects that have stale traces; read from the index of running ones.
PROJECTS = "SELECT DISTINCT project_id FROM traces WHERE status = 'RUNNING' AND updated_at < $1"

_PAIRS = ", ".join(f"old.{column} AS old_{column}, new.{column} AS new_{column}" for column in TRACE_RETURNING)

# `corrected` remembers that nobody reported this end; the merge rules take it back when anything arrives.
GIVE_UP = f"""
UPDATE traces AS t SET
    status = 'CANCELLED', error_type = '{STALE}', corrected = joined_list(t.corrected, '{{{STALE}}}'), updated_at = $4
WHERE t.project_id = $1 AND t.id IN (
    SELECT id FROM traces WHERE project_id = $1 AND status = 'RUNNING' AND updated_at < $2 ORDER BY id LIMIT $3
)
RETURNING new.id, {_PAIRS}
"""


async def give_up_stale(database: Database, publisher: Publisher, after: timedelta, now: datetime) -> int:
    """Mark the running traces without news since `now - after` as cancelled; returns how many."""
    given_up = 0
    for project in await database.fetch(PROJECTS, now - after):
        while count := await _give_up(database, publisher, project["project_id"], now - after, now):
            given_up += count
    return given_up


async def _give_up(database: Database, publisher: Publisher, project_id: str, before: datetime, now: datetime) -> int:
    async with database.connection() as connection:
        changes = Changes(connection=connection, project_id=project_id, now=now, price=unpriced)
        async with transaction(connection, project_id):
            for row in await connection.fetch(GIVE_UP, project_id, before, BATCH, now):
                changes.remember(row, created=False)
                changes.events.append((EventType.TRACE_FINISHED, row["id"], None))
            committed = await changes.close()
    await announce(publisher, project_id, committed)
    return len(changes.events)
