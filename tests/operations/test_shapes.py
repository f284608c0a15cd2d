"""Lists and nulls are taken away around objects and put back exactly where they were."""

from __future__ import annotations

from typing import Any

import pytest
from graphql import GraphQLList, GraphQLNonNull, GraphQLOutputType, GraphQLString
from hypothesis import given
from hypothesis import strategies as st

from operations.leaves import NullError
from operations.shapes import shape_of

NULLABLE: GraphQLOutputType = GraphQLString
REQUIRED: GraphQLOutputType = GraphQLNonNull(GraphQLString)
GRID: GraphQLOutputType = GraphQLList(GraphQLNonNull(GraphQLList(GraphQLString)))

GRIDS: st.SearchStrategy[list[Any]] = st.lists(
    st.none() | st.lists(st.lists(st.none() | st.integers(), max_size=4), max_size=4), max_size=6
)


@given(answers=GRIDS)
def test_shape_restores_what_it_flattened(answers: list[Any]) -> None:
    """Whatever lists and nulls there are, each object's successor stands in its place."""
    shape, _ = shape_of(GRID)
    flat = shape.flat(answers)
    restored = shape.restored(answers, [f"made of {value}" for value in flat])

    assert None not in flat
    assert restored == [
        None
        if grid is None
        else [[None if value is None else f"made of {value}" for value in values] for values in grid]
        for grid in answers
    ]


@pytest.mark.parametrize(
    ("kind", "answers"),
    [(REQUIRED, [1, None]), (GraphQLList(REQUIRED), [[1], [None]]), (GraphQLNonNull(GraphQLList(NULLABLE)), [None])],
)
def test_flat_refuses_a_null_where_none_may_be(kind: GraphQLOutputType, answers: list[Any]) -> None:
    """A null in a place that promises none is no object."""
    with pytest.raises(NullError):
        shape_of(kind)[0].flat(answers)


@pytest.mark.parametrize("answer", ["text", {"a": 1}, 1, iter([1])])
def test_flat_refuses_a_list_that_is_none(answer: object) -> None:
    """Only lists and tuples are lists; an iterator could be read only once."""
    with pytest.raises(TypeError):
        shape_of(GraphQLList(NULLABLE))[0].flat([answer])
