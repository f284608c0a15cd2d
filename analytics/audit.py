"""The audit of roll-ups: a sample of hours, compared with what is stored in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from models.database import Database

PROJECTS_LOOKED_AT = 5
HOURS_LOOKED_AT = 3

# sample: the busiest projects, and some of their hours.
PROJECTS = "SELECT project_id FROM event_heads WHERE position > 0 ORDER BY position DESC LIMIT $1"
HOURS = """
SELECT hour FROM (
    SELECT DISTINCT date_trunc('hour', bucket, 'UTC') AS hour FROM trace_analytics
    WHERE project_id = $1 AND tier = ANY ('{DELTA,HOUR}') AND subject = 'STEP'
) AS hours
ORDER BY random() LIMIT $2
"""

# Both sides in one statement see one moment, whatever is written or merged meanwhile.
COMPARE = """
WITH rolled AS (
    SELECT coalesce(sum(count), 0) AS steps, coalesce(sum(input_tokens), 0) AS input,
        coalesce(sum(output_tokens), 0) AS output, coalesce(sum(cost), 0) AS cost,
        coalesce(sum(duration_microseconds), 0) AS microseconds
    FROM trace_analytics
    WHERE project_id = $1 AND tier = ANY ('{DELTA,HOUR}') AND subject = 'STEP'
        AND bucket >= $2 AND bucket < $2 + interval '1 hour'
), stored AS (
    SELECT count(*) AS steps, coalesce(sum(input_tokens), 0) AS input, coalesce(sum(output_tokens), 0) AS output,
        coalesce(sum(cost), 0) AS cost, coalesce(sum(round(duration_ms * 1000)::numeric), 0) AS microseconds
    FROM trace_steps WHERE project_id = $1 AND start_time >= $2 AND start_time < $2 + interval '1 hour'
)
SELECT stored.steps, (rolled.steps, rolled.input, rolled.output, rolled.cost, rolled.microseconds)
    = (stored.steps, stored.input, stored.output, stored.cost, stored.microseconds) AS is_equal
FROM rolled CROSS JOIN stored
"""


@dataclass(frozen=True, kw_only=True)
class Hour:
    """An hour of a project that was looked at: how many steps it has, and whether its roll-ups say the same."""

    project_id: str
    start: datetime
    steps: int
    is_equal: bool


async def audit_rollups(database: Database) -> Sequence[Hour]:
    """Compare the roll-ups of some hours of the busiest projects with a recomputation from the steps."""
    hours: list[Hour] = []
    for project in await database.fetch(PROJECTS, PROJECTS_LOOKED_AT):
        project_id = project["project_id"]
        for row in await database.fetch(HOURS, project_id, HOURS_LOOKED_AT):
            found = await database.fetchrow(COMPARE, project_id, row["hour"])
            assert found is not None  # noqa: S101  sums are always one row
            hours.append(
                Hour(project_id=project_id, start=row["hour"], steps=found["steps"], is_equal=found["is_equal"])
            )
    return hours
