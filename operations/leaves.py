"""How a stored value becomes that of a scalar or an enum: short code for what is usual, graphql-core for the rest."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeAlias

import orjson
from graphql import (
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLFloat,
    GraphQLID,
    GraphQLInt,
    GraphQLLeafType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLOutputType,
    GraphQLString,
    is_leaf_type,
)

from schema.scalars import sent_as_is

Function: TypeAlias = Callable[[Any], Any]

# Each is true of values that are written as they are, and of no null.
TEXT = "{v}.__class__ is str"
USUAL: dict[GraphQLLeafType, str] = {
    GraphQLString: TEXT,
    GraphQLID: TEXT,
    GraphQLInt: "{v}.__class__ is int and -2147483648 <= {v} <= 2147483647",
    GraphQLFloat: "{v}.__class__ is float and {v} - {v} == 0.0",  # neither NaN nor infinite
    GraphQLBoolean: "{v}.__class__ is bool",
}


class NullError(Exception):
    """There is a null where the schema promises none."""


@dataclass(frozen=True, kw_only=True)
class Leaf:
    """`expression` makes the value of `{v}` with the help of `{h}`, which is `helper`; `function` does the same."""

    expression: str
    helper: Any
    function: Function


@cache
def leaf(kind: GraphQLOutputType) -> Leaf:
    """How values of a leaf type, or of lists of it, are written."""
    required = isinstance(kind, GraphQLNonNull)
    inner = kind.of_type if isinstance(kind, GraphQLNonNull) else kind
    if isinstance(inner, GraphQLList):
        function = _or_null(_list_of(leaf(inner.of_type).function), required=required)
        return Leaf(expression="{h}({v})", helper=function, function=function)
    if not is_leaf_type(inner):
        message = f"{kind} is no leaf"
        raise TypeError(message)
    return _enum(inner, required=required) if isinstance(inner, GraphQLEnumType) else _scalar(inner, required=required)


def _scalar(kind: GraphQLLeafType, *, required: bool) -> Leaf:
    function = _or_null(kind.coerce_output_value, required=required)
    usual = _usual(kind, required=required)
    return Leaf(expression=usual or "{h}({v})", helper=function, function=function)


def _usual(kind: GraphQLLeafType, *, required: bool) -> str | None:
    write = kind.coerce_output_value
    if write is sent_as_is:
        return "{v} if {v} is not None else {h}({v})" if required else "{v}"
    if write is orjson.Fragment:
        return "Fragment({v}) if {v} is not None else {h}({v})"
    condition = TEXT if write is str else USUAL.get(kind)
    if condition is None:
        return None
    if not required:
        condition = "{v} is None or " + condition
    return "{v} if " + condition + " else {h}({v})"


def _enum(kind: GraphQLEnumType, *, required: bool) -> Leaf:
    function = _or_null(kind.coerce_output_value, required=required)
    names = _Names(function, {value.value: name for name, value in kind.values.items()})
    return Leaf(expression="{h}[{v}]", helper=names, function=function)


class _Names(dict[Any, str]):
    """The names of an enum's values; what is not among them goes through `function`."""

    def __init__(self, function: Function, names: Mapping[Any, str]) -> None:
        super().__init__(names)
        self._function = function

    def __missing__(self, value: object) -> Any:
        return self._function(value)


def _or_null(write: Function, *, required: bool) -> Function:
    def written(value: Any) -> Any:
        if value is not None:
            return write(value)
        if required:
            raise NullError
        return None

    return written


def _list_of(write: Function) -> Function:
    def written(values: Any) -> list[Any]:
        if not isinstance(values, list | tuple):
            message = f"a list of values comes as {type(values).__name__}"
            raise TypeError(message)
        return [write(value) for value in values]

    return written
