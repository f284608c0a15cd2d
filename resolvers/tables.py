"""The statements over a table whose rows are listed: a page, a slice of a search, pages of many parents, counts."""

from __future__ import annotations

from dataclasses import dataclass

from models.filter_sql import ANYTHING, Condition
from resolvers.pages import MOST_COUNTED, Window
from resolvers.rows import STEP_COLUMNS, TRACE_COLUMNS, Columns, listed

PAGE = """
SELECT {columns} FROM {table} WHERE project_id = $1 AND {filter} AND {condition} ORDER BY {order_by} LIMIT {limit}
"""
COUNT = """
SELECT 1 AS place, count(*) FROM (SELECT FROM {table} WHERE project_id = $1 AND {filter} LIMIT {most}) AS counted
"""

# The next rows in order, of which those that were looked for come back; the last one comes back in any case, to go on
# behind it. Rows are looked at one by one, and no further than the page needs.
SLICE = """
SELECT {columns}, found, walked FROM (
    SELECT {table}.*, {search} AS found, row_number() OVER (ORDER BY {order_by}) AS walked FROM (
        SELECT * FROM {table} WHERE project_id = $1 AND {filter} AND {condition} ORDER BY {order_by} LIMIT {slice}
    ) AS {table}
) AS seen
WHERE found OR walked = {slice} ORDER BY {order_by} LIMIT {limit}
"""

# One page per parent, all of them in one statement; `$2` and what follows are arrays with an entry for each parent.
# PostgreSQL takes them to be a thousand, however many they are. So it keeps its plan, where it would otherwise make a
# new one for every statement about a few parents, which takes longer than to run it (docs/adr/0033-plans-are-kept.md).
OF_PARENTS = """
SELECT place, found.* FROM generate_subscripts({keys}, 1) AS place
CROSS JOIN LATERAL (
    SELECT {columns} FROM {table}
    WHERE project_id = $1 AND {belongs} AND {filter} AND {condition} ORDER BY {order_by} LIMIT {limit}
) AS found
ORDER BY place, {order_by}
"""
COUNT_OF_PARENTS = """
SELECT place, found.count FROM generate_subscripts({keys}, 1) AS place
CROSS JOIN LATERAL (SELECT count(*) FROM {table} WHERE project_id = $1 AND {belongs} AND {filter}) AS found
"""


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table by its name, and the columns that an answer may show."""

    name: str
    columns: tuple[str, ...]

    def page(self, window: Window, columns: Columns, condition: Condition) -> str:
        """The page of a window; its values are the project, those of the condition and those of the window."""
        return PAGE.format(filter=condition.sql, **self._parts(window, columns))

    def slice(self, window: Window, columns: Columns, condition: Condition, size: int) -> str:
        """What a search finds among the next so many rows; the values are those of a page."""
        parts = self._parts(window, columns)
        return SLICE.format(filter=condition.swift, search=condition.slow, slice=size, **parts)

    def count(self, condition: Condition) -> str:
        """How many rows there are; its values are the project and those of the condition."""
        return COUNT.format(table=self.name, filter=condition.sql, most=MOST_COUNTED)

    def of_parents(self, parents: Parents, window: Window, columns: Columns, condition: Condition = ANYTHING) -> str:
        """A page per parent; its values are the project, those of the parents, of the condition and of the window."""
        return OF_PARENTS.format(filter=condition.sql, **parents.parts, **self._parts(window, columns))

    def count_of_parents(self, parents: Parents, condition: Condition = ANYTHING) -> str:
        """How many rows each parent has; the values are those of a page per parent but for the window's."""
        return COUNT_OF_PARENTS.format(table=self.name, filter=condition.sql, **parents.parts)

    def _parts(self, window: Window, columns: Columns) -> dict[str, object]:
        return {
            "table": self.name,
            "columns": listed(self.columns, columns, *window.ordering.columns),
            "condition": window.condition,
            "order_by": window.order_by,
            "limit": window.size + 1,
        }


@dataclass(frozen=True, kw_only=True)
class Parents:
    """How rows belong to the parent at a `place`; `keys` is one of the arrays that have an entry for each parent."""

    keys: str
    belongs: str

    @property
    def parts(self) -> dict[str, str]:
        """What they are in a statement."""
        return {"keys": self.keys, "belongs": self.belongs}


TRACES = Table(name="traces", columns=TRACE_COLUMNS)
STEPS = Table(name="trace_steps", columns=STEP_COLUMNS)
