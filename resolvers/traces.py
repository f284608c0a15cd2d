"""Answers about traces."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from auth.viewer import READ, require
from models.filter_sql import Condition, traces_where
from models.filters import TraceFilter
from models.ids import canonical
from models.rows import Row
from models.values import Id
from resolvers.context import Context
from resolvers.isolation import in_their_project
from resolvers.listing import Listing, connection
from resolvers.pages import (
    MOST_COUNTED,
    Connection,
    Counting,
    Direction,
    ForwardPage,
    Ordering,
    Page,
    Window,
    connections_of,
    window_of,
)
from resolvers.projects import chosen
from resolvers.rows import TRACE_COLUMNS, Columns, listed, reads

BY_IDS = "SELECT {columns} FROM traces WHERE project_id = $1 AND id = ANY ($2::uuid[])"
PAGE = """
SELECT {columns} FROM traces WHERE project_id = $1 AND {filter} AND {condition} ORDER BY {order_by} LIMIT {limit}
"""
COUNT = """
SELECT 1 AS place, count(*) FROM (SELECT FROM traces WHERE project_id = $1 AND {filter} LIMIT {most}) AS counted
"""

# One page per session, all of them in one statement.
OF_SESSIONS = """
SELECT wanted.place, found.* FROM unnest($2::text[]) WITH ORDINALITY AS wanted (session, place)
CROSS JOIN LATERAL (
    SELECT {columns} FROM traces
    WHERE project_id = $1 AND session_id = wanted.session AND {condition} ORDER BY {order_by} LIMIT {limit}
) AS found
ORDER BY wanted.place, {order_by}
"""
COUNT_OF_SESSIONS = """
SELECT wanted.place, found.count FROM unnest($2::text[]) WITH ORDINALITY AS wanted (session, place)
CROSS JOIN LATERAL (SELECT count(*) FROM traces WHERE project_id = $1 AND session_id = wanted.session) AS found
"""


class TraceOrderField(StrEnum):
    """By what traces can be sorted."""

    START_TIME = "START_TIME"
    """When they started."""
    DURATION = "DURATION"
    """How long they took; running ones come last."""
    COST = "COST"
    """What they cost; unknown costs come last."""
    TOTAL_TOKENS = "TOTAL_TOKENS"
    """How many tokens they used."""
    STEP_COUNT = "STEP_COUNT"
    """How many steps they have."""
    UPDATED_AT = "UPDATED_AT"
    """When they last changed."""


@dataclass(frozen=True, kw_only=True)
class TraceOrder:
    """How traces are sorted; the id decides between equals."""

    field: TraceOrderField
    """By what."""
    direction: Direction = Direction.DESC
    """Which end comes first."""


EVERY_TRACE = traces_where(None, offset=2)
NEWEST_FIRST = TraceOrder(field=TraceOrderField.START_TIME)
OLDEST_FIRST = TraceOrder(field=TraceOrderField.START_TIME, direction=Direction.ASC)

COLUMNS: Mapping[TraceOrderField, tuple[str, str, bool]] = {
    TraceOrderField.START_TIME: ("start_time", "timestamptz", False),
    TraceOrderField.DURATION: ("duration_ms", "float8", True),
    TraceOrderField.COST: ("cost", "numeric", True),
    TraceOrderField.TOTAL_TOKENS: ("total_tokens", "int8", False),
    TraceOrderField.STEP_COUNT: ("step_count", "int4", False),
    TraceOrderField.UPDATED_AT: ("updated_at", "timestamptz", False),
}


async def one(context: Context, id: Id, *, columns: Columns = None) -> Row | None:
    """One trace by its id; null when there is none in this project."""
    require(context.viewer, READ)
    (row,) = await by_ids(context, [id], columns)
    return row


async def page(
    context: Context,
    *,
    filter: TraceFilter | None = None,
    order_by: TraceOrder | None = NEWEST_FIRST,
    page: Page,
    columns: Columns = None,
) -> Connection:
    """Traces of the project, newest first unless ordered otherwise."""
    require(context.viewer, READ)
    projects, filter = await chosen(context, filter)
    condition = traces_where(filter, offset=2)
    listing = Listing(
        name="traces",
        page=page,
        ordering=ordering_of(order_by),
        condition=condition,
        sql=lambda window: _sql(PAGE, window, columns, condition),
        count=COUNT.format(filter=condition.sql, most=MOST_COUNTED),
    )
    return await connection(context, projects, listing)


async def by_ids(context: Context, ids: Sequence[str], columns: Columns = None) -> list[Row | None]:
    """The trace of each id, or None."""
    wanted = [canonical(identity) for identity in ids]
    sql = BY_IDS.format(columns=listed(TRACE_COLUMNS, columns, "id"))
    rows = await context.database.fetch(sql, context.project_id, [identity for identity in wanted if identity])
    found = {row["id"]: row for row in rows}
    return [found.get(identity or "") for identity in wanted]


@reads("trace_id", "project_id")
@in_their_project
async def of_steps(context: Context, parents: Sequence[Row], *, columns: Columns = None) -> list[Row | None]:
    """The trace it belongs to."""
    require(context.viewer, READ)
    return await by_ids(context, [parent["trace_id"] for parent in parents], columns)


@reads("id", "project_id")
@in_their_project
async def of_sessions(
    context: Context, parents: Sequence[Row], *, page: ForwardPage, columns: Columns = None
) -> list[Connection]:
    """The traces of the session, oldest first."""
    require(context.viewer, READ)
    window = window_of(page, ordering_of(OLDEST_FIRST), scope="session.traces", offset=3)
    sessions = [parent["id"] for parent in parents]
    sql = _sql(OF_SESSIONS, window, columns)
    rows = await context.database.fetch(sql, context.project_id, sessions, *window.bindings)
    counting = Counting(sql=COUNT_OF_SESSIONS, projects=(context.project_id,), values=(sessions,))
    return connections_of(rows, window, counting, len(parents))


@reads("id", "project_id")
@in_their_project
async def recorded(context: Context, parents: Sequence[Row], *, columns: Columns = None) -> list[Row | None]:
    """The trace as it is stored now; null when the input was refused."""
    if columns is not None and columns <= {"id", "project_id"}:
        return [None if parent["id"] is None else parent for parent in parents]
    found: dict[str, Row | None] = {}
    for project in sorted({parent["project_id"] for parent in parents if parent["id"] is not None}):
        ids = [parent["id"] for parent in parents if parent["project_id"] == project and parent["id"] is not None]
        found |= dict(zip(ids, await by_ids(replace(context, project_id=project), ids, columns), strict=True))
    return [found.get(parent["id"]) for parent in parents]


def ordering_of(order: TraceOrder | None) -> Ordering:
    """The column behind an order."""
    order = order or NEWEST_FIRST
    column, kind, nullable = COLUMNS[order.field]
    return Ordering(column=column, kind=kind, nullable=nullable, descending=order.direction == Direction.DESC)


def _sql(template: str, window: Window, columns: Columns, condition: Condition = EVERY_TRACE) -> str:
    return template.format(
        columns=listed(TRACE_COLUMNS, columns, *window.ordering.columns),
        filter=condition.sql,
        condition=window.condition,
        order_by=window.order_by,
        limit=window.size + 1,
    )
