"""The steps of whole traces, as far as paths and rules look at them."""

from __future__ import annotations

from collections.abc import Sequence

from models.database import Database
from models.errors import Refused
from models.rows import Row

MOST_STEPS = 50_000  # that one answer reads, all its traces together

TIMES = """
SELECT project_id, trace_id, id, parent_id, start_time, end_time FROM trace_steps
WHERE project_id = $1 AND trace_id = ANY ($2::uuid[]) ORDER BY trace_id, start_time, id LIMIT $3
"""

# Equal inputs have equal digests; only of steps that could be repetitions is the input read at all. Of a tool call as
# chat APIs write it the function counts, its id being another each time.
FACTS = """
SELECT project_id, trace_id, id, parent_id, name, kind, status, start_time, end_time, duration_ms,
    time_to_first_token_ms, error_type, model, input_tokens, output_tokens, cache_read_tokens, cost,
    CASE WHEN count(*) OVER (PARTITION BY trace_id, kind, name, model, input_tokens) > 1
        THEN md5(coalesce(input -> 'function', input)::text) END AS digest
FROM trace_steps
WHERE project_id = $1 AND trace_id = ANY ($2::uuid[]) ORDER BY trace_id, start_time, id LIMIT $3
"""


async def steps_of(
    database: Database, sql: str, project_id: str, traces: Sequence[str], *, most: int = MOST_STEPS
) -> dict[str, list[Row]]:
    """The steps of each trace by TIMES or FACTS, sorted by start. Raises Refused when they are too many."""
    rows = await database.fetch(sql, project_id, list(traces), most + 1)
    if len(rows) > most:
        raise Refused(f"These traces have more than {most:,} steps together; ask for fewer of them at a time.")
    found: dict[str, list[Row]] = {trace: [] for trace in traces}
    for row in rows:
        found[row["trace_id"]].append(row)
    return found
