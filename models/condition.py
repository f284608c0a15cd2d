"""The condition of the database: what PostgreSQL says of itself that matters to us."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from models.database import Database
from models.partitions import ATTACHED, weeks_ahead

OLDEST = 180_000

# condition_of: all in one look.
LOOK = """
SELECT current_setting('server_version') AS version, current_setting('server_version_num')::int AS number,
    current_setting('synchronous_commit') AS synchronous_commit, current_setting('fsync') AS fsync,
    current_setting('full_page_writes') AS full_page_writes, current_setting('max_connections')::int AS connections,
    clock_timestamp() AS now
"""
OUTSIDE = "SELECT count(*) FROM (SELECT FROM trace_steps_default LIMIT 100001) AS counted"


@dataclass(frozen=True, kw_only=True)
class Condition:
    """Settings of the server that acknowledged writes rest on, its clock, and the partitions that are missing."""

    version: str
    is_new_enough: bool
    synchronous_commit: str
    fsync: str
    full_page_writes: str
    max_connections: int
    now: datetime
    missing_weeks: tuple[str, ...]
    steps_outside: int
    """Steps in no week, counted up to 100,001."""


async def condition_of(database: Database, now: datetime) -> Condition:
    """Look at the database. Raises Unavailable."""
    row = await database.fetchrow(LOOK)
    outside = await database.fetchrow(OUTSIDE)
    assert row is not None  # noqa: S101  settings are always one row
    assert outside is not None  # noqa: S101  a count is always one row
    attached = {each[0] for each in await database.fetch(ATTACHED)}
    weeks = [f"trace_steps_{week:%G_w%V}" for week in weeks_ahead(now)]
    return Condition(
        version=row["version"],
        is_new_enough=row["number"] >= OLDEST,
        synchronous_commit=row["synchronous_commit"],
        fsync=row["fsync"],
        full_page_writes=row["full_page_writes"],
        max_connections=row["connections"],
        now=row["now"],
        missing_weeks=tuple(week for week in weeks if week not in attached),
        steps_outside=outside[0],
    )
