"""Lists to page through: rows with nulls and ties in a database, and the order in which they have to come."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import astuple, dataclass, fields
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, TypeAlias
from uuid import UUID

from hypothesis import strategies as st

from models.ids import with_time
from resolvers import steps, traces
from resolvers.context import Context
from resolvers.pages import Connection, Direction, Page
from resolvers.steps import StepOrder, StepOrderField
from resolvers.traces import TraceOrder, TraceOrderField

START = datetime(2026, 11, 2, tzinfo=UTC)
UNKNOWN = {"first_step_id": None, "last_step_id": None}
"""What a trace says of its steps that came without the writer."""
MOMENT = 1_790_000_000_000

TRACES = """
INSERT INTO traces (
    project_id, id, name, status, start_time, end_time, cost, input_tokens, step_count, created_at, updated_at
)
SELECT $1, r.id, 'listed', 'OK', r.started, r.started + r.took * interval '1 millisecond', r.cost, r.tokens, r.steps,
    r.started, r.updated
FROM unnest(
    $2::uuid[], $3::timestamptz[], $4::float8[], $5::numeric[], $6::int8[], $7::int4[], $8::float8[], $9::timestamptz[]
) AS r (id, started, took, cost, tokens, steps, wait, updated)
"""
STEPS = """
INSERT INTO trace_steps (
    project_id, trace_id, id, parent_id, name, kind, status, start_time, end_time, cost, input_tokens,
    time_to_first_token_ms, created_at, updated_at
)
SELECT $1, $10, r.id, NULL, 'listed', 'LLM', 'OK', r.started, r.started + r.took * interval '1 millisecond', r.cost,
    r.tokens, r.wait, r.started, r.updated
FROM unnest(
    $2::uuid[], $3::timestamptz[], $4::float8[], $5::numeric[], $6::int8[], $7::int4[], $8::float8[], $9::timestamptz[]
) AS r (id, started, took, cost, tokens, steps, wait, updated)
"""
CHANGE = """
UPDATE {table} SET start_time = r.started, end_time = r.started + r.took * interval '1 millisecond', cost = r.cost,
    input_tokens = r.tokens, {more}, updated_at = r.updated
FROM unnest(
    $2::uuid[], $3::timestamptz[], $4::float8[], $5::numeric[], $6::int8[], $7::int4[], $8::float8[], $9::timestamptz[]
) AS r (id, started, took, cost, tokens, steps, wait, updated)
WHERE {table}.project_id = $1 AND {table}.id = r.id
"""
CHANGED = {"traces": "step_count = r.steps", "trace_steps": "time_to_first_token_ms = r.wait"}


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A trace, and a step of the same id: what they are sorted by."""

    id: str
    started: datetime
    took: float | None
    cost: str | None
    tokens: int
    steps: int
    wait: float | None
    updated: datetime


@dataclass(frozen=True, kw_only=True)
class Shelf:
    """Where entries were stored."""

    context: Context
    trace: str


Ask: TypeAlias = Callable[[Shelf, Page], Awaitable[Connection]]


@dataclass(frozen=True, kw_only=True)
class Listing:
    """A list in one of its orders, and how to tell where an entry belongs in it."""

    name: str
    ask: Ask
    key: Callable[[Entry], Any]
    descending: bool

    def order(self, entries: Sequence[Entry]) -> list[str]:
        """The ids of the entries as they have to come: nulls last either way, the id between equals."""
        known = [(self.key(entry), entry.id) for entry in entries if self.key(entry) is not None]
        unknown = [entry.id for entry in entries if self.key(entry) is None]
        ordered = [identity for _, identity in sorted(known, reverse=self.descending)]
        return ordered + sorted(unknown, reverse=self.descending)


def _text(identity: bytes) -> str:
    return str(UUID(bytes=identity))


# Few values each, so that many are equal; times differ by microseconds.
moments = st.integers(0, 2).map(lambda number: START + timedelta(microseconds=number))
entries = st.builds(
    Entry,
    id=st.builds(with_time, st.binary(min_size=10, max_size=10), st.integers(MOMENT, MOMENT + 2)).map(_text),
    started=moments,
    took=st.none() | st.sampled_from([0.0, 0.333, 1.0]),
    cost=st.none() | st.sampled_from(["0", "0.1", "0.10", "12345678901234567890.000000001"]),
    tokens=st.sampled_from([0, 1, 2**62]),
    steps=st.integers(0, 2),
    wait=st.none() | st.sampled_from([0.1, 1 / 3, 2.5]),
    updated=moments,
)
entry_lists = st.lists(entries, max_size=9, unique_by=lambda entry: entry.id)
AN_ENTRY = Entry(
    id="019dc000-0000-7000-8000-000000000001",
    started=START,
    took=None,
    cost=None,
    tokens=0,
    steps=0,
    wait=None,
    updated=START,
)


async def store(shelf: Shelf, stored: Sequence[Entry]) -> None:
    """Make a trace and a step of each entry."""
    arrays = _arrays(stored)
    await shelf.context.database.execute(TRACES, shelf.context.project_id, *arrays)
    await shelf.context.database.execute(STEPS, shelf.context.project_id, *arrays, shelf.trace)


async def change(shelf: Shelf, changed: Sequence[Entry]) -> None:
    """Give the trace and the step of each entry other values."""
    for table, more in CHANGED.items():
        statement = CHANGE.format(table=table, more=more)
        await shelf.context.database.execute(statement, shelf.context.project_id, *_arrays(changed))


def _arrays(entries: Sequence[Entry]) -> list[list[Any]]:
    columns = zip(*map(astuple, entries), strict=True) if entries else [()] * len(fields(Entry))
    return [list(column) for column in columns]


def _traces(field: TraceOrderField, direction: Direction) -> Ask:
    order = TraceOrder(field=field, direction=direction)
    return lambda shelf, page: traces.page(shelf.context, order_by=order, page=page)


def _steps(field: StepOrderField, direction: Direction) -> Ask:
    order = StepOrder(field=field, direction=direction)
    return lambda shelf, page: steps.page(shelf.context, order_by=order, page=page)


def _steps_of_trace(field: StepOrderField, direction: Direction) -> Ask:
    order = StepOrder(field=field, direction=direction)

    async def ask(shelf: Shelf, page: Page) -> Connection:
        (connection,) = await steps.of_traces(
            shelf.context,
            [{"id": shelf.trace, "project_id": shelf.context.project_id} | UNKNOWN],
            order_by=order,
            page=page,
        )
        return connection

    return ask


def _listing(name: str, ask: Ask, field: str, direction: Direction) -> Listing:
    descending = direction == Direction.DESC
    return Listing(name=f"{name} by {field} {direction}", ask=ask, key=KEYS[field], descending=descending)


KEYS: dict[str, Callable[[Entry], Any]] = {
    "START_TIME": lambda entry: entry.started,
    "DURATION": lambda entry: entry.took,
    "COST": lambda entry: None if entry.cost is None else Decimal(entry.cost),
    "TOTAL_TOKENS": lambda entry: entry.tokens,
    "STEP_COUNT": lambda entry: entry.steps,
    "UPDATED_AT": lambda entry: entry.updated,
    "TIME_TO_FIRST_TOKEN": lambda entry: entry.wait,
}
LISTINGS = [
    *(_listing("traces", _traces(field, way), field, way) for field in TraceOrderField for way in Direction),
    *(_listing("steps", _steps(field, way), field, way) for field in StepOrderField for way in Direction),
    *(
        _listing("trace.steps", _steps_of_trace(field, way), field, way)
        for field in StepOrderField
        for way in Direction
    ),
]
