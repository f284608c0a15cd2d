"""JSON in the form of GraphQL literals, written as JSON with the digits that its author chose."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from graphql import (
    BooleanValueNode,
    FloatValueNode,
    GraphQLError,
    IntValueNode,
    ListValueNode,
    NullValueNode,
    ObjectValueNode,
    StringValueNode,
    ValueNode,
    VariableNode,
)


class JsonText(str):
    """A JSON text, as opposed to a text that may become a part of one."""

    __slots__ = ()


def json_text(node: ValueNode, variables: Mapping[str, Any] | None = None) -> JsonText:
    """The JSON text of a literal. Raises GraphQLError for a name that JSON does not have, such as NaN."""
    match node:
        case IntValueNode(value=digits) | FloatValueNode(value=digits):
            text = digits
        case StringValueNode(value=value) | BooleanValueNode(value=value):
            text = orjson.dumps(value).decode()
        case NullValueNode():
            text = "null"
        case ListValueNode(values=values):
            text = f"[{','.join([json_text(value, variables) for value in values])}]"
        case ObjectValueNode(fields=fields):
            members = [f'"{field.name.value}":{json_text(field.value, variables)}' for field in fields]
            text = f"{{{','.join(members)}}}"
        case VariableNode(name=name):
            text = _written((variables or {}).get(name.value))
        case _:
            raise GraphQLError("JSON has no names but true, false and null.", node)
    return JsonText(text)


def _written(value: Any) -> str:
    return value if isinstance(value, JsonText) else orjson.dumps(value).decode()
