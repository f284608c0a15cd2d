"""Serialisers make the same of rows however these hold their values."""

from __future__ import annotations

from dataclasses import make_dataclass
from typing import Any

import asyncpg
import pytest
from graphql import GraphQLInt, GraphQLNonNull, GraphQLOutputType, GraphQLString

from operations.leaves import leaf
from operations.serialiser import Branched, Constant, Nested, Serialiser, Stored

TEXT: GraphQLOutputType = GraphQLNonNull(GraphQLString)
NUMBER: GraphQLOutputType = GraphQLInt

ENTRIES = (
    ("__typename", Constant(text='a "type"')),
    ("__proto__", Stored(column="class", leaf=leaf(TEXT))),
    ("made", Branched(number=0)),
    ("nested", Nested(entries=(("count", Stored(column="count", leaf=leaf(NUMBER), absent=0)),))),
    ("again", Stored(column="class", leaf=leaf(TEXT))),
)
EXPECTED = [
    {"__typename": 'a "type"', "__proto__": "x", "made": 1, "nested": {"count": 0}, "again": "x"},
    {"__typename": 'a "type"', "__proto__": "y", "made": None, "nested": {"count": 5}, "again": "y"},
]
SQL = """SELECT 1 AS other, "class", NULL AS more, count FROM (VALUES ('x', NULL), ('y', 5)) AS rows ("class", count)"""


def serialiser(*, uniform: bool = False) -> Serialiser:
    return Serialiser(entries=ENTRIES, branches=1, uniform=uniform)


@pytest.fixture
async def records(database_url: str) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(database_url)
    try:
        return list(await connection.fetch(SQL))
    finally:
        await connection.close()


async def test_serialiser_reads_records_and_mappings_and_objects(records: list[asyncpg.Record]) -> None:
    """Records by position and by name, dictionaries and objects with attributes all give the same."""
    row = make_dataclass("row", ["class_", "count"])
    objects: list[Any] = []
    for record in records:
        made = row(None, record["count"])
        setattr(made, "class", record["class"])
        objects.append(made)
    one = serialiser()

    assert serialiser(uniform=True)(records, [[1, None]]) == EXPECTED
    assert one(records, [[1, None]]) == EXPECTED
    assert one([dict(record) for record in records], [[1, None]]) == EXPECTED
    assert one(objects, [[1, None]]) == EXPECTED
    assert one([], [[]]) == []


async def test_serialiser_keeps_the_order_of_the_selection(records: list[asyncpg.Record]) -> None:
    """The keys come in the order in which they were asked for, which JSON shows."""
    (first, _) = serialiser(uniform=True)(records, [[1, None]])

    assert list(first) == [key for key, _ in ENTRIES]


async def test_serialiser_tells_a_missing_column(records: list[asyncpg.Record]) -> None:
    """A row without a column that is asked for is a mistake of ours, in whichever way it is read."""
    lacking = Serialiser(entries=(("a", Stored(column="b", leaf=leaf(NUMBER))),), branches=0, uniform=True)

    with pytest.raises(KeyError):
        lacking(records, [])
    with pytest.raises(KeyError):
        lacking([{"a": 1}], [])


def test_serialiser_needs_no_columns() -> None:
    """A selection of nothing stored makes an object per row all the same."""
    names = Serialiser(entries=(("__typename", Constant(text="Query")),), branches=0, uniform=False)

    assert names([None], []) == [{"__typename": "Query"}]
