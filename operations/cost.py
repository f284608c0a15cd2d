"""What an operation costs: one for every object that it may answer, known before it runs from the sizes of its lists.

A list has the size that an argument of its field gives it (`first`, `last`, `top`, `buckets`, `ids`), or one of the
field that it stands in, as the `nodes` of `traces(first: 50)`. Where no argument says a size, one is assumed. A field
that reads much more than it answers costs its work besides, for every object that has it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from graphql import (
    FieldNode,
    GraphQLField,
    IntValueNode,
    ListValueNode,
    ValueNode,
    VariableNode,
)
from graphql.utilities.coerce_input_value import coerce_default_value

from resolvers.pages import DEFAULT_SIZE
from schema.answers import ANSWERED_BY

Values: TypeAlias = Mapping[str, Any]

SIZES = ("first", "last", "top", "buckets", "ids", "models")
ASSUMED = 10


@dataclass(frozen=True, kw_only=True)
class Size:
    """The length of a list: the greatest of some numbers and variables, or a default when none of them has a value."""

    known: int | None = None
    variables: tuple[str, ...] = ()
    default: int = ASSUMED

    def of(self, values: Values) -> int:
        """The size with these variables."""
        found = [size for name in self.variables if (size := _size(values.get(name))) is not None]
        if self.known is not None:
            found.append(self.known)
        return max(found, default=self.default)


@dataclass(frozen=True, kw_only=True)
class Price:
    """What a selection costs: a number, and what depends on variables: so many times another price."""

    fixed: int = 0
    open: tuple[tuple[Size, Price], ...] = ()

    def of(self, values: Values) -> int:
        """The cost with these variables."""
        if not self.open:
            return self.fixed
        return self.fixed + sum(size.of(values) * price.of(values) for size, price in self.open)

    def __add__(self, other: Price) -> Price:
        """Both together."""
        return Price(fixed=self.fixed + other.fixed, open=self.open + other.open)

    def times(self, size: Size) -> Price:
        """This, for each entry of a list."""
        if self == FREE:
            return FREE
        if size.variables or self.open:
            return Price(open=((size, self),))
        return Price(fixed=self.fixed * size.of({}))

    def shared(self) -> Price:
        """The same, to be added in many places without growing."""
        return Price(open=((ONCE, self),)) if self.open else self


FREE = Price()
OBJECT = Price(fixed=1)
ONCE = Size(known=1)
SOME = Size(known=ASSUMED)


def size_of(definition: GraphQLField, node: FieldNode) -> Size | None:
    """The size that the arguments of a field give to its lists; None when it has no such argument."""
    names = [name for name in SIZES if name in definition.args]
    if not names:
        return None
    given = {argument.name.value: argument.value for argument in node.arguments or ()}
    values = [given[name] for name in names if name in given]
    literals = [size for value in values if (size := _literal(value)) is not None]
    defaults = [_size(coerce_default_value(definition.args[name])) for name in names if name not in given]
    return Size(
        known=max(literals, default=None),
        variables=tuple(value.name.value for value in values if isinstance(value, VariableNode)),
        default=next((size for size in defaults if size is not None), DEFAULT_SIZE),
    )


def work_of(definition: GraphQLField) -> Price:
    """What a field costs besides the objects that it answers."""
    declared = definition.extensions.get("strawberry-definition")
    answered_by = declared.metadata.get(ANSWERED_BY) if declared else None
    return Price(fixed=answered_by.work) if answered_by and answered_by.work else FREE


def answered(data: object) -> int:
    """How many objects there are in the data of an answer, which itself does not count."""
    count = -1 if isinstance(data, dict) else 0
    pending = [data]
    while pending:
        value = pending.pop()
        if isinstance(value, dict):
            count += 1
            pending += value.values()
        elif isinstance(value, list | tuple):
            pending += value
    return count


def _literal(value: ValueNode) -> int | None:
    match value:
        case IntValueNode(value=digits):
            return max(int(digits[:20]), 0)
        case ListValueNode(values=entries):
            return len(entries)
        case _:
            return None


def _size(value: object) -> int | None:
    if isinstance(value, list):
        return len(value)
    return max(value, 0) if isinstance(value, int) else None
