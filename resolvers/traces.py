"""Answers about traces."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from auth.viewer import READ, require
from models.filter_sql import traces_where
from models.filters import TraceFilter
from models.ids import canonical
from models.rows import Row
from models.values import Id
from resolvers.context import Context
from resolvers.isolation import in_their_project
from resolvers.listing import Edge, connection, connections, of_table
from resolvers.pages import Connection, Direction, ForwardPage, Ordering, Page
from resolvers.projects import chosen
from resolvers.rows import TRACE_COLUMNS, Columns, listed, reads
from resolvers.tables import TRACES, Parents

BY_IDS = "SELECT {columns} FROM traces WHERE project_id = $1 AND id = ANY ($2::uuid[])"
BY_ID = "SELECT {columns} FROM traces WHERE project_id = $1 AND id = $2"  # its plan is kept (docs/adr/0033)
OF_SESSION = Parents(keys="$2::text[]", belongs="session_id = ($2)[place]")


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
    ordering = ordering_of(order_by)
    listing = of_table(TRACES, page=page, ordering=ordering, condition=condition, columns=columns)
    return await connection(context, projects, listing)


async def by_ids(context: Context, ids: Sequence[str], columns: Columns = None) -> list[Row | None]:
    """The trace of each id, or None."""
    wanted = [canonical(identity) for identity in ids]
    known = [identity for identity in wanted if identity]
    sql = (BY_ID if len(known) == 1 else BY_IDS).format(columns=listed(TRACE_COLUMNS, columns, "id"))
    rows = await context.database.fetch(sql, context.project_id, known[0] if len(known) == 1 else known)
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
    edge = Edge(
        name="session.traces",
        table=TRACES,
        parents=OF_SESSION,
        values=[[parent["id"] for parent in parents]],
        page=page,
        ordering=ordering_of(OLDEST_FIRST),
    )
    return await connections(context, edge, columns)


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
