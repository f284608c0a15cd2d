"""The statements that an export runs: one for each project, whose rows the format takes as they come."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from export.bookmark import Bookmark
from export.fields import Field, Kind, fields_of
from export.selection import ExportFormat, ExportKind, Selection
from models.filter_sql import Condition, steps_where, traces_where

# Along the primary keys, so that rows leave as they are read, whatever their number. $1: the project.
ROWS: Final[Mapping[ExportKind, str]] = {
    ExportKind.TRACES: """
SELECT {columns} FROM traces WHERE project_id = $1 AND {filter} AND {after} ORDER BY id LIMIT {limit}
""",
    ExportKind.STEPS: """
SELECT {columns} FROM trace_steps
WHERE project_id = $1 AND {filter} AND {after} ORDER BY trace_id, id LIMIT {limit}
""",
}
# Sorting a whole project would write all of it to disk before the first row leaves; what filters leave may be sorted.
UNSORTED: Final = "SET LOCAL enable_sort = off"
LINES: Final = "SELECT row_to_json(line) FROM ({rows}) AS line"
COUNT: Final = "SELECT count(*) FROM ({rows}) AS counted"
AFTER: Final[Mapping[ExportKind, str]] = {
    ExportKind.TRACES: "id > ${0}::uuid",
    ExportKind.STEPS: "(trace_id, id) > (${0}::uuid, ${1}::uuid)",
}

# What makes a spreadsheet take a cell for a formula, or hide that it is one: = + - @, their full-width forms, tab and
# the breaks (OWASP, CSV Injection); and the quote that we put in front of these, so that it can be taken away again.
GUARDED: Final = """
CASE WHEN ascii({c}) IN (9, 10, 13, 39, 43, 45, 61, 64, 65291, 65293, 65309, 65312) THEN '''' || {c} ELSE {c} END
"""
# Of a parent that has not arrived there is only a key, which is nobody's id (docs/adr/0020-ids-of-spans.md).
PARENT: Final = "CASE WHEN parent_id >= '00000000-0001-0000-0000-000000000000' THEN parent_id END"
# What fits decimal128(38, 12).
ROUNDED: Final = "round(cost, 12)"


@dataclass(frozen=True, kw_only=True)
class Statement:
    """A query whose rows COPY sends out, the values bound to it, and how COPY has to write them."""

    sql: str
    values: tuple[Any, ...]
    options: Mapping[str, Any]


def statement(selection: Selection, project: str, after: Bookmark | None, limit: int | None) -> Statement:
    """The rows of one project, in the order of their keys: those after a bookmark of that project, so many at most."""
    fields = fields_of(selection.kind, selection.fields)
    write = WRITERS[selection.format]
    columns = ", ".join(f'{write(field)} AS "{field.name}"' for field in fields)
    sql, values = _rows(selection, project, after, limit, columns)
    if selection.format is ExportFormat.NDJSON:
        # The other forms look at every byte for what they have to escape, which takes as long as to make the JSON.
        return Statement(sql=LINES.format(rows=sql), values=values, options={"format": "binary"})
    quoted = [field.name for field in fields if field.kind in QUOTED]
    return Statement(sql=sql, values=values, options={"format": "csv"} | ({"force_quote": quoted} if quoted else {}))


def counting(selection: Selection, project: str, after: Bookmark | None, limit: int | None) -> Statement:
    """How many rows that is."""
    sql, values = _rows(selection, project, after, limit, "1")
    return Statement(sql=COUNT.format(rows=sql), values=values, options={})


def _rows(
    selection: Selection, project: str, after: Bookmark | None, limit: int | None, columns: str
) -> tuple[str, tuple[Any, ...]]:
    condition = _condition(selection)
    keys = after[1:] if after else ()
    places = range(condition.following, condition.following + len(keys))
    sql = ROWS[selection.kind].format(
        columns=columns,
        filter=condition.sql,
        after=AFTER[selection.kind].format(*places) if keys else "TRUE",
        limit="ALL" if limit is None else int(limit),
    )
    return sql, (project, *condition.values, *keys)


def _condition(selection: Selection) -> Condition:
    if selection.kind is ExportKind.TRACES:
        return traces_where(selection.traces, offset=2)
    return steps_where(selection.steps, selection.traces, offset=2)


def _column(field: Field) -> str:
    return PARENT if field.column == "parent_id" else field.column


def _in_json(field: Field) -> str:
    return f"{field.column}::text" if field.kind is Kind.MONEY else _column(field)


def _in_sheet(field: Field) -> str:
    match field.kind:
        case Kind.TEXT:
            return GUARDED.format(c=field.column)
        case Kind.JSON:
            return GUARDED.format(c=f"{field.column}::text")
        case _:
            return _plain(field)


def _in_table(field: Field) -> str:
    return ROUNDED if field.kind is Kind.MONEY else _plain(field)


def _plain(field: Field) -> str:
    return f"array_to_json({field.column})" if field.kind is Kind.LIST else _column(field)


WRITERS: Final[Mapping[ExportFormat, Callable[[Field], str]]] = {
    ExportFormat.NDJSON: _in_json,
    ExportFormat.CSV: _in_sheet,
    ExportFormat.PARQUET: _in_table,
}
# Always in quotes, so that no text reads as a number, a comment or an absent value.
QUOTED: Final[Sequence[Kind]] = (Kind.TEXT, Kind.JSON, Kind.LIST)
