"""Answers about steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from auth.viewer import READ, require
from models.filter_sql import ANYTHING, steps_where
from models.filters import StepFilter, TraceFilter
from models.ids import GREATEST_ID, LEAST_ID, canonical
from models.partitions import end_of_week, start_of_week
from models.rows import Row
from models.values import Id
from resolvers.context import Context
from resolvers.isolation import in_their_project
from resolvers.listing import Edge, connection, connections, of_table
from resolvers.pages import Connection, Direction, ForwardPage, Ordering, Page
from resolvers.projects import chosen
from resolvers.rows import STEP_COLUMNS, Columns, listed, reads
from resolvers.tables import STEPS, Parents

LARGEST_PAGE = 1_000

# The bounds say in which partitions to look; the least and the greatest id are bounds for all of them.
BY_IDS = """
SELECT {columns} FROM trace_steps
WHERE project_id = $1 AND id = ANY ($2::uuid[]) AND id BETWEEN $3 AND $4 ORDER BY trace_id DESC
"""
BY_KEYS = """
SELECT {columns} FROM trace_steps
WHERE project_id = $1 AND (trace_id, id) IN (SELECT * FROM unnest($2::uuid[], $3::uuid[])) AND id BETWEEN $4 AND $5
"""
# The weeks are a part of the statement: so its plan has only their partitions in it, and is kept (docs/adr/0033).
OF_TRACE = "trace_id = ($2)[place] AND id BETWEEN '{first}' AND '{last}'"
OF_STEP = Parents(
    keys="$2::uuid[]",
    belongs="trace_id = ($2)[place] AND parent_id = ($3::uuid[])[place]",
)


class StepOrderField(StrEnum):
    """By what steps can be sorted."""

    START_TIME = "START_TIME"
    """When they started."""
    DURATION = "DURATION"
    """How long they took; running ones come last."""
    COST = "COST"
    """What they cost; unknown costs come last."""
    TOTAL_TOKENS = "TOTAL_TOKENS"
    """How many tokens they used."""
    TIME_TO_FIRST_TOKEN = "TIME_TO_FIRST_TOKEN"  # noqa: S105  no password
    """How long the first token took; steps without one come last."""


@dataclass(frozen=True, kw_only=True)
class StepOrder:
    """How steps are sorted; the id decides between equals."""

    field: StepOrderField
    """By what."""
    direction: Direction = Direction.DESC
    """Which end comes first."""


# Nothing keeps two traces from having steps of the same id.
ANYWHERE = (("id", "uuid"), ("trace_id", "uuid"))
NEWEST_FIRST = StepOrder(field=StepOrderField.START_TIME)
OLDEST_FIRST = StepOrder(field=StepOrderField.START_TIME, direction=Direction.ASC)

COLUMNS: Mapping[StepOrderField, tuple[str, str, bool]] = {
    StepOrderField.START_TIME: ("start_time", "timestamptz", False),
    StepOrderField.DURATION: ("duration_ms", "float8", True),
    StepOrderField.COST: ("cost", "numeric", True),
    StepOrderField.TOTAL_TOKENS: ("total_tokens", "int8", False),
    StepOrderField.TIME_TO_FIRST_TOKEN: ("time_to_first_token_ms", "float8", True),
}


async def one(context: Context, id: Id, *, columns: Columns = None) -> Row | None:
    """One step by its id; null when there is none in this project."""
    require(context.viewer, READ)
    (row,) = await by_ids(context, [id], columns)
    return row


async def by_ids(context: Context, ids: Sequence[str], columns: Columns = None) -> list[Row | None]:
    """The step of each id, or None; of several steps with the same id the one of the first trace."""
    wanted = [canonical(identity) for identity in ids]
    sql = BY_IDS.format(columns=listed(STEP_COLUMNS, columns, "id"))
    known = [identity for identity in wanted if identity]
    rows = await context.database.fetch(sql, context.project_id, known, *_bounds(known)) if known else []
    found = {row["id"]: row for row in rows}
    return [found.get(identity or "") for identity in wanted]


async def page(
    context: Context,
    *,
    filter: StepFilter | None = None,
    traces: TraceFilter | None = None,
    order_by: StepOrder | None = NEWEST_FIRST,
    page: Page,
    columns: Columns = None,
) -> Connection:
    """Steps of any trace, newest first unless ordered otherwise; `traces` narrows them by their trace."""
    require(context.viewer, READ)
    projects, traces = await chosen(context, traces, "traces")
    condition = steps_where(filter, traces, offset=2)
    ordering = replace(ordering_of(order_by or NEWEST_FIRST), ties=ANYWHERE)
    listing = of_table(STEPS, page=page, ordering=ordering, condition=condition, columns=columns)
    return await connection(context, projects, listing)


@reads("id", "project_id", "first_step_id", "last_step_id")
@in_their_project
async def of_traces(
    context: Context,
    parents: Sequence[Row],
    *,
    filter: StepFilter | None = None,
    order_by: StepOrder | None = OLDEST_FIRST,
    page: Page,
    columns: Columns = None,
) -> list[Connection]:
    """The steps of the trace, oldest first unless ordered otherwise."""
    require(context.viewer, READ)
    edge = Edge(
        name="trace.steps",
        table=STEPS,
        parents=_of_traces(parents),
        values=[[parent["id"] for parent in parents]],
        page=page,
        ordering=ordering_of(order_by or OLDEST_FIRST),
        condition=ANYTHING if filter is None else steps_where(filter, offset=3),
        largest=LARGEST_PAGE,
    )
    return await connections(context, edge, columns)


@reads("trace_id", "id", "project_id")
@in_their_project
async def of_parents(
    context: Context, parents: Sequence[Row], *, page: ForwardPage, columns: Columns = None
) -> list[Connection]:
    """The steps called from this one, oldest first."""
    require(context.viewer, READ)
    edge = Edge(
        name="step.children",
        table=STEPS,
        parents=OF_STEP,
        values=[[parent["trace_id"] for parent in parents], [parent["id"] for parent in parents]],
        page=page,
        ordering=ordering_of(OLDEST_FIRST),
        largest=LARGEST_PAGE,
    )
    return await connections(context, edge, columns)


@reads("trace_id", "parent_id", "project_id")
@in_their_project
async def parents_of(context: Context, parents: Sequence[Row], *, columns: Columns = None) -> list[Row | None]:
    """The step it was called from; null for a step of the trace itself."""
    require(context.viewer, READ)
    return await _by_keys(context, [(parent["trace_id"], parent["parent_id"]) for parent in parents], columns)


@reads("id", "trace_id", "project_id")
@in_their_project
async def recorded(context: Context, parents: Sequence[Row], *, columns: Columns = None) -> list[Row | None]:
    """The step as it is stored now; null when the input was refused."""
    if columns is not None and columns <= {"id", "trace_id", "project_id"}:
        return [None if parent["id"] is None else parent for parent in parents]
    return await _by_keys(context, [(parent["trace_id"], parent["id"]) for parent in parents], columns)


async def _by_keys(
    context: Context, keys: Sequence[tuple[str | None, str | None]], columns: Columns
) -> list[Row | None]:
    traces, steps = [key[0] for key in keys if key[1]], [key[1] for key in keys if key[1]]
    sql = BY_KEYS.format(columns=listed(STEP_COLUMNS, columns, "id", "trace_id"))
    rows = await context.database.fetch(sql, context.project_id, traces, steps, *_bounds(steps)) if steps else []
    found = {(row["trace_id"], row["id"]): row for row in rows}
    return [found.get(key) if key[1] else None for key in keys]


def ordering_of(order: StepOrder) -> Ordering:
    """The column behind an order."""
    column, kind, nullable = COLUMNS[order.field]
    return Ordering(column=column, kind=kind, nullable=nullable, descending=order.direction == Direction.DESC)


def _of_traces(traces: Sequence[Row]) -> Parents:
    """Where the steps of these traces are: in weeks that the traces know, or anywhere if one of them can't tell."""
    first, last = [trace["first_step_id"] for trace in traces], [trace["last_step_id"] for trace in traces]
    weeks = {
        "first": LEAST_ID if None in first else start_of_week(min(first)),
        "last": GREATEST_ID if None in last else end_of_week(max(last)),
    }
    return Parents(keys="$2::uuid[]", belongs=OF_TRACE.format(**weeks))


def _bounds(steps: Sequence[str | None]) -> tuple[str, str]:
    known = [step for step in steps if step is not None]
    return min(known), max(known)
