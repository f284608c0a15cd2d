"""Answers about traces."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from auth.viewer import READ, require
from ingest.rules import canonical
from models.rows import Row
from models.values import Id
from resolvers.context import Context
from resolvers.pages import Connection, Direction, Ordering, Page, connection_of, window_of
from resolvers.rows import TRACES

BY_IDS = f"SELECT {TRACES} FROM traces WHERE project_id = $1 AND id = ANY ($2::uuid[])"
PAGE = f"SELECT {TRACES} FROM traces WHERE project_id = $1 AND {{condition}} ORDER BY {{order_by}} LIMIT {{limit}}"
COUNT = "SELECT count(*) FROM traces WHERE project_id = $1"


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

COLUMNS: Mapping[TraceOrderField, tuple[str, str, bool]] = {
    TraceOrderField.START_TIME: ("start_time", "timestamptz", False),
    TraceOrderField.DURATION: ("duration_ms", "float8", True),
    TraceOrderField.COST: ("cost", "numeric", True),
    TraceOrderField.TOTAL_TOKENS: ("total_tokens", "int8", False),
    TraceOrderField.STEP_COUNT: ("step_count", "int4", False),
    TraceOrderField.UPDATED_AT: ("updated_at", "timestamptz", False),
}


async def one(context: Context, id: Id) -> Row | None:
    """One trace by its id; null when there is none in this project."""
    require(context.viewer, READ)
    (row,) = await by_ids(context, [id])
    return row


async def page(context: Context, *, order_by: TraceOrder | None = NEWEST_FIRST, page: Page) -> Connection:
    """Traces of the project, newest first unless ordered otherwise."""
    require(context.viewer, READ)
    window = window_of(page, ordering_of(order_by), scope="traces", offset=2)
    sql = PAGE.format(condition=window.condition, order_by=window.order_by, limit=window.size + 1)
    rows = await context.database.fetch(sql, context.project_id, *window.bindings)
    return connection_of(rows, window, (COUNT, (context.project_id,)))


async def by_ids(context: Context, ids: Sequence[str]) -> list[Row | None]:
    """The trace of each id, or None."""
    wanted = [canonical(identity) for identity in ids]
    rows = await context.database.fetch(BY_IDS, context.project_id, [identity for identity in wanted if identity])
    found = {row["id"]: row for row in rows}
    return [found.get(identity or "") for identity in wanted]


async def of_steps(context: Context, parents: Sequence[Row]) -> list[Row | None]:
    """The trace it belongs to."""
    require(context.viewer, READ)
    return await by_ids(context, [parent["trace_id"] for parent in parents])


async def recorded(context: Context, parents: Sequence[Row]) -> list[Row | None]:
    """The trace as it is stored now; null when the input was refused."""
    found = iter(await by_ids(context, [parent["id"] for parent in parents if parent["id"] is not None]))
    return [None if parent["id"] is None else next(found) for parent in parents]


def ordering_of(order: TraceOrder | None) -> Ordering:
    """The column behind an order."""
    order = order or NEWEST_FIRST
    column, kind, nullable = COLUMNS[order.field]
    return Ordering(column=column, kind=kind, nullable=nullable, descending=order.direction == Direction.DESC)
