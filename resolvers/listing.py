"""Lists of one kind of row: a page of it from every project that it spans, merged into one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from models.filter_sql import Condition
from models.rows import Row
from resolvers.context import Context
from resolvers.pages import Connection, Counting, ForwardPage, Ordering, Page, Window, connection_of, window_of

IN_PROJECT = ("project_id", "uuid")


@dataclass(frozen=True, kw_only=True)
class Listing:
    """Which rows, in which order, and which part of them.

    `sql` makes the statement for a window; its `$1` is the project, then come the values of the condition, then those
    of the window. `count` is the statement that counts them.
    """

    name: str
    page: Page | ForwardPage
    ordering: Ordering
    condition: Condition
    sql: Callable[[Window], str]
    count: str


async def connection(context: Context, projects: Sequence[str], listing: Listing) -> Connection:
    """The page, read with one statement per project."""
    ordering, scope = listing.ordering, f"{listing.name} {listing.condition.digest}"
    if len(projects) > 1:
        ordering = replace(ordering, ties=(*ordering.ties, IN_PROJECT))
        scope = f"{scope} {projects}"
    window = window_of(listing.page, ordering, scope=scope, offset=listing.condition.following)
    sql, values = listing.sql(window), (*listing.condition.values, *window.bindings)
    found = [await context.database.fetch(sql, project, *values) for project in projects]
    rows = found[0] if len(found) == 1 else merged(found, window)
    counting = Counting(sql=listing.count, projects=tuple(projects), values=listing.condition.values)
    return connection_of(rows, window, counting)


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
