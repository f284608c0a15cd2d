"""Answers about sessions: the traces that share a session id."""

from __future__ import annotations

from auth.viewer import READ, require
from models.filter_sql import Condition, traces_where
from models.filters import TraceFilter
from resolvers.context import Context
from resolvers.listing import Listing, connection
from resolvers.pages import MOST_COUNTED, Connection, ForwardPage, Ordering, Window
from resolvers.projects import chosen

# A session stands where its newest trace does, so a page of sessions is a walk along the traces, newest first. Totals
# are read for the sessions of the page only.
PAGE = """
WITH page AS (
    SELECT * FROM (
        SELECT newest.project_id, newest.session_id AS id, newest.start_time AS last_start FROM traces AS newest
        WHERE newest.project_id = $1 AND newest.session_id IS NOT NULL AND {newest} AND {filter}
    ) AS sessions
    WHERE {condition} ORDER BY {order_by} LIMIT {limit}
)
SELECT page.*, totals.* FROM page CROSS JOIN LATERAL (
    SELECT count(*) AS trace_count, min(start_time) AS start_time,
        CASE WHEN count(end_time) = count(*) THEN max(end_time) END AS end_time,
        count(*) FILTER (WHERE status = 'ERROR') AS error_count,
        sum(input_tokens)::bigint AS input_tokens, sum(output_tokens)::bigint AS output_tokens,
        sum(total_tokens)::bigint AS total_tokens, sum(cache_read_tokens)::bigint AS cache_read_tokens,
        sum(cache_write_tokens)::bigint AS cache_write_tokens, sum(reasoning_tokens)::bigint AS reasoning_tokens,
        sum(cost) AS cost
    FROM traces WHERE project_id = $1 AND session_id = page.id
) AS totals
ORDER BY {order_by}
"""
NEWEST = """NOT EXISTS (
    SELECT FROM traces AS later WHERE later.project_id = $1 AND later.session_id = newest.session_id
    AND (later.start_time, later.id) > (newest.start_time, newest.id)
)"""
FILTER = """EXISTS (
    SELECT FROM traces WHERE traces.project_id = $1 AND traces.session_id = newest.session_id AND {filter}
)"""
COUNT = """
SELECT 1 AS place, count(*) FROM (
    SELECT DISTINCT session_id FROM traces
    WHERE project_id = $1 AND session_id IS NOT NULL AND {filter} LIMIT {most}
) AS counted
"""

LAST_STARTED_FIRST = Ordering(column="last_start", kind="timestamptz", descending=True, ties=(("id", "text"),))


async def page(context: Context, *, filter: TraceFilter | None = None, page: ForwardPage) -> Connection:
    """Sessions that have such a trace, the one whose last trace started last first; their totals are of all traces."""
    require(context.viewer, READ)
    projects, filter = await chosen(context, filter)
    condition = traces_where(filter, offset=2)
    listing = Listing(
        name="sessions",
        page=page,
        ordering=LAST_STARTED_FIRST,
        condition=condition,
        sql=lambda window: _sql(window, condition),
        count=COUNT.format(filter=condition.sql, most=MOST_COUNTED),
    )
    return await connection(context, projects, listing)


def _sql(window: Window, condition: Condition) -> str:
    return PAGE.format(
        newest=NEWEST,
        filter="TRUE" if condition.is_everything else FILTER.format(filter=condition.sql),
        condition=window.condition,
        order_by=window.order_by,
        limit=window.size + 1,
    )
