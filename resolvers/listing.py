"""Lists of one kind of row: a page of it from every project that it spans, merged into one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import lru_cache
from typing import Any

from models.filter_sql import ANYTHING, Condition
from models.rows import Row
from resolvers import search
from resolvers.context import Context
from resolvers.pages import (
    LARGEST_PAGE,
    Connection,
    Counting,
    ForwardPage,
    Ordering,
    Page,
    Window,
    connection_of,
    connections_of,
    window_of,
)
from resolvers.rows import Columns
from resolvers.tables import Parents, Table

IN_PROJECT = ("project_id", "uuid")


@dataclass(frozen=True, kw_only=True)
class Listing:
    """Which rows, in which order, and which part of them.

    `sql` makes the statement for a window; its `$1` is the project, then come the values of the condition, then those
    of the window. `count` is the statement that counts them. `slice` makes the statement that looks through so many
    rows behind a window's anchor, where a list can be searched that way.
    """

    name: str
    page: Page | ForwardPage
    ordering: Ordering
    condition: Condition
    sql: Callable[[Window], str]
    count: str
    slice: Callable[[Window, int], str] | None = None


def of_table(table: Table, *, page: Page, ordering: Ordering, condition: Condition, columns: Columns) -> Listing:
    """A list of the rows of a table; one in the order of their starts is searched slice by slice."""
    is_searched = condition.slow is not None and ordering.column == "start_time"
    return Listing(
        name=table.name,
        page=page,
        ordering=ordering,
        condition=condition,
        sql=lambda window: table.page(window, columns, condition),
        count=table.count(condition),
        slice=(lambda window, size: table.slice(window, columns, condition, size)) if is_searched else None,
    )


async def connection(context: Context, projects: Sequence[str], listing: Listing) -> Connection:
    """The page, read with one statement per project, or as many as the search of one project takes."""
    ordering, scope = listing.ordering, f"{listing.name} {listing.condition.digest}"
    if len(projects) > 1:
        ordering = replace(ordering, ties=(*ordering.ties, IN_PROJECT))
        scope = f"{scope} {projects}"
    window = window_of(listing.page, ordering, scope=scope, offset=listing.condition.following)
    counting = Counting(sql=listing.count, projects=tuple(projects), values=listing.condition.values)
    if listing.slice is not None and len(projects) == 1:
        looked = search.Search(project_id=projects[0], slice=listing.slice, values=listing.condition.values)
        found = await search.through(context.database, looked, window)
        return connection_of(found.rows, window, counting, reached=found.reached)
    sql, values = listing.sql(window), (*listing.condition.values, *window.bindings)
    lists = [await context.database.fetch(sql, project, *values) for project in projects]
    rows = lists[0] if len(lists) == 1 else merged(lists, window)
    return connection_of(rows, window, counting)


@dataclass(frozen=True, kw_only=True)
class Edge:
    """Rows that belong to parents: a list for each of these, in the project of the context.

    `values` are what `parents` is bound to: first an array for each key, with an entry for each parent. They are no
    part of the statement, and edges that differ in nothing else are equal.
    """

    name: str
    table: Table
    parents: Parents
    values: Sequence[Any] = field(compare=False)
    page: Page | ForwardPage
    ordering: Ordering
    condition: Condition = ANYTHING
    largest: int = LARGEST_PAGE

    @property
    def is_usual(self) -> bool:
        """Whether it is a page from an end of the whole list, as almost all are; few differ, and none is large."""
        ends = (self.page.after,) if isinstance(self.page, ForwardPage) else (self.page.after, self.page.before)
        return self.condition is ANYTHING and not any(ends)


@dataclass(frozen=True, kw_only=True)
class Ready:
    """An edge made ready for SQL: its page, the statement that reads it, and the one that counts the lists."""

    window: Window
    sql: str
    count: str


async def connections(context: Context, edge: Edge, columns: Columns) -> list[Connection]:
    """A page for each parent, all of them read with one statement."""
    ready = _kept(edge, columns) if edge.is_usual else _ready(edge, columns)
    values = (*edge.values, *edge.condition.values)
    rows = await context.database.fetch(ready.sql, context.project_id, *values, *ready.window.bindings)
    counting = Counting(sql=ready.count, projects=(context.project_id,), values=values)
    return connections_of(rows, ready.window, counting, len(edge.values[0]))


def _ready(edge: Edge, columns: Columns) -> Ready:
    scope = edge.name if edge.condition.is_everything else f"{edge.name} {edge.condition.digest}"
    offset = 2 + len(edge.values) + len(edge.condition.values)
    window = window_of(edge.page, edge.ordering, scope=scope, offset=offset, largest=edge.largest)
    return Ready(
        window=window,
        sql=edge.table.of_parents(edge.parents, window, columns, edge.condition),
        count=edge.table.count_of_parents(edge.parents, edge.condition),
    )


_kept = lru_cache(256)(_ready)


def merged(found: Sequence[Sequence[Row]], window: Window) -> list[Row]:
    """The first rows of several sorted lists, as if they had come from one."""
    column, *ties = window.ordering.columns
    is_money = window.ordering.kind == "numeric"

    def known(row: Row) -> tuple[Any, ...]:
        return (Decimal(row[column]) if is_money else row[column], *unknown(row))

    def unknown(row: Row) -> tuple[Any, ...]:
        return tuple(row[tie] for tie in ties)

    rows = [row for each in found for row in each]
    reverse = window.ordering.descending != window.backward
    values = sorted((row for row in rows if row[column] is not None), key=known, reverse=reverse)
    nulls = sorted((row for row in rows if row[column] is None), key=unknown, reverse=reverse)
    return ([*nulls, *values] if window.backward else [*values, *nulls])[: window.size + 1]
