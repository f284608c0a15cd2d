"""Scalars and enums are written as graphql-core writes them."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

import orjson
import pytest
from graphql import (
    GraphQLLeafType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    is_leaf_type,
)
from hypothesis import given
from hypothesis import strategies as st

from operations.leaves import NullError, leaf
from tests.operations.executors import contract_schema

NAMES = ("String", "ID", "Int", "Float", "Boolean", "DateTime", "UUID", "Decimal", "BigInt", "StepKind")


class Kind(StrEnum):
    LLM = "LLM"
    UNHEARD_OF = "UNHEARD_OF"


VALUES = (
    st.none()
    | st.text(max_size=5)
    | st.booleans()
    | st.integers(-(2**40), 2**40)
    | st.integers(-10, 10)
    | st.floats()
    | st.sampled_from(["LLM", "TOOL", Kind.LLM, Kind.UNHEARD_OF, Decimal("1.5"), datetime(2026, 1, 1, tzinfo=UTC)])
    | st.just([1])
)


def named(name: str) -> GraphQLLeafType:
    kind = contract_schema().get_type(name)
    assert is_leaf_type(kind)
    return kind


def written(write: Any, value: object) -> Any:
    """What a function makes of a value, comparable; an error is one like the other."""
    try:
        made = write(value)
    except Exception:  # noqa: BLE001  any refusal will do
        return "refused"
    return (type(made), made)


def by_expression(kind: GraphQLOutputType) -> Any:
    """The function that a serialiser's code amounts to."""
    found = leaf(kind)
    code = "lambda v: " + found.expression.format(v="v", h="helper")
    return eval(code, {"helper": found.helper, "Fragment": orjson.Fragment})  # noqa: S307  our own expressions


@pytest.mark.parametrize("name", NAMES)
@given(value=VALUES)
def test_leaf_writes_what_graphql_core_writes(name: str, value: object) -> None:
    """The short code, the function and graphql-core make the same of a value, or refuse it together."""
    kind = named(name)
    expected = (type(None), None) if value is None else written(kind.coerce_output_value, value)

    assert written(leaf(kind).function, value) == expected
    assert written(by_expression(kind), value) == expected


@pytest.mark.parametrize("name", NAMES)
@given(value=VALUES)
def test_required_leaf_refuses_null(name: str, value: object) -> None:
    """A leaf that may not be null differs from its nullable twin in that alone."""
    required: GraphQLOutputType = GraphQLNonNull(named(name))
    expected = "refused" if value is None else written(leaf(named(name)).function, value)

    assert written(leaf(required).function, value) == expected
    assert written(by_expression(required), value) == expected


def test_leaf_passes_json_through() -> None:
    """A stored JSON text is written as it is, byte for byte; a stored null is one."""
    text = '{"a" : 1.0,  "b":"\\u00e9"}'

    for write in (leaf(named("JSON")).function, by_expression(named("JSON"))):
        assert orjson.dumps([write(text), write("null"), write(None)]) == f"[{text},null,null]".encode()
    with pytest.raises(NullError):
        by_expression(GraphQLNonNull(named("JSON")))(None)


def test_leaf_writes_lists() -> None:
    """Lists are written entry by entry, each null where it may be."""
    ids: GraphQLOutputType = GraphQLList(GraphQLNonNull(named("ID")))
    grid: GraphQLOutputType = GraphQLNonNull(GraphQLList(GraphQLList(named("StepKind"))))

    assert leaf(ids).function(["a", 1]) == ["a", "1"]
    assert leaf(ids).function(None) is None
    assert leaf(grid).function([["LLM", None], None, ()]) == [["LLM", None], None, []]
    with pytest.raises(NullError):
        leaf(ids).function([None])
    with pytest.raises(TypeError):
        leaf(ids).function("ab")


def test_leaf_refuses_an_object() -> None:
    """Objects have fields; they are no leaves."""
    with pytest.raises(TypeError):
        leaf(GraphQLObjectType("Thing", {}))
