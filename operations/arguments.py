"""The arguments of a field: those that a document fixes are made once, the others from the variables of each run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from graphql import (
    ArgumentNode,
    FieldNode,
    GraphQLArgument,
    GraphQLError,
    GraphQLField,
    GraphQLNonNull,
    ListValueNode,
    ObjectValueNode,
    ValueNode,
    VariableNode,
    is_required_argument,
)
from graphql.execution.values import VariableValues, coerce_argument
from strawberry import Schema
from strawberry.types.field import StrawberryField

from operations.inputs import Finish, converter
from operations.leaves import NullError
from operations.selection import Uncovered

Given: TypeAlias = dict[str, Any]
Group: TypeAlias = Callable[[Mapping[str, Any]], Mapping[str, Any]]

NO_VARIABLES = VariableValues({}, {})


@dataclass(frozen=True, kw_only=True)
class Bound:
    """An argument that is one variable and nothing else."""

    name: str
    variable: str
    required: bool
    convert: Finish | None

    def give(self, given: Given, variables: VariableValues) -> None:
        """Add the argument; one whose variable has no value keeps its default. Raises NullError."""
        if self.variable in variables.coerced:
            value = variables.coerced[self.variable]
            if value is None and self.required:
                raise NullError
            given[self.name] = value if self.convert is None else self.convert(value)
        elif self.required and self.name not in given:
            raise NullError


@dataclass(frozen=True, kw_only=True)
class Mixed:
    """An argument that is a literal with variables inside."""

    name: str
    definition: GraphQLArgument
    node: FieldNode
    argument: ArgumentNode
    convert: Finish | None

    def give(self, given: Given, variables: VariableValues) -> None:
        """Add the argument. Raises GraphQLError."""
        coerced = _coerced(self.definition, self.node, self.argument, variables)
        if coerced:
            given[self.name] = coerced[0] if self.convert is None else self.convert(*coerced)


@dataclass(frozen=True, kw_only=True)
class Arguments:
    """What a resolver is called with: `fixed`, and what each run makes of `open`.

    `group` puts them into the form that the resolver wants; `constant` is the result when nothing is open.
    """

    fixed: Mapping[str, Any]
    open: Sequence[Bound | Mixed]
    group: Group
    constant: Mapping[str, Any] | None

    def variable_of(self, name: str) -> str | None:
        """The variable that an argument is, if it is one and nothing else."""
        return next((each.variable for each in self.open if isinstance(each, Bound) and each.name == name), None)

    def of(self, variables: VariableValues) -> Mapping[str, Any]:
        """The arguments in a run with these variables. Raises NullError or GraphQLError."""
        if self.constant is not None:
            return self.constant
        given = dict(self.fixed)
        for argument in self.open:
            argument.give(given, variables)
        return self.group(given)


def arguments(schema: Schema, definition: GraphQLField, node: FieldNode, group: Group) -> Arguments:
    """Prepare the arguments of a field. Raises Uncovered for a mistake that only a run may tell."""
    field: StrawberryField = definition.extensions["strawberry-definition"]
    nodes = {argument.name.value: argument for argument in node.arguments or ()}
    fixed: Given = {}
    open_: list[Bound | Mixed] = []
    for declared in field.arguments:
        name = schema.config.name_converter.from_argument(declared)
        convert = converter(definition.args[name].type, schema)
        _prepare(declared.python_name, convert, definition.args[name], node, nodes.get(name), fixed, open_)
    return Arguments(fixed=fixed, open=open_, group=group, constant=None if open_ else group(fixed))


def _prepare(
    name: str,
    convert: Finish | None,
    definition: GraphQLArgument,
    node: FieldNode,
    argument: ArgumentNode | None,
    fixed: Given,
    open_: list[Bound | Mixed],
) -> None:
    required = isinstance(definition.type, GraphQLNonNull)
    if argument is None or not _has_variables(argument.value):
        fixed.update(_fixed(name, convert, definition, node, argument))
    elif isinstance(argument.value, VariableNode):
        if not is_required_argument(definition):
            fixed.update(_fixed(name, convert, definition, node, None))
        open_.append(Bound(name=name, variable=argument.value.name.value, required=required, convert=convert))
    else:
        open_.append(Mixed(name=name, definition=definition, node=node, argument=argument, convert=convert))


def _fixed(
    name: str, convert: Finish | None, definition: GraphQLArgument, node: FieldNode, argument: ArgumentNode | None
) -> Given:
    try:
        coerced = _coerced(definition, node, argument, NO_VARIABLES)
    except GraphQLError as error:
        raise Uncovered(error.message) from error
    if not coerced:
        return {}
    return {name: coerced[0] if convert is None else convert(*coerced)}


def _coerced(
    definition: GraphQLArgument, node: FieldNode, argument: ArgumentNode | None, variables: VariableValues
) -> list[Any]:
    """The value of an argument as graphql-core gives it to a resolver; none when it is left out."""
    values: Given = {}
    coerce_argument(values, node, argument.name.value if argument else "", definition, argument, variables, None)
    return list(values.values())


def _has_variables(value: ValueNode) -> bool:
    match value:
        case VariableNode():
            return True
        case ListValueNode(values=values):
            return any(_has_variables(inner) for inner in values)
        case ObjectValueNode(fields=fields):
            return any(_has_variables(field.value) for field in fields)
        case _:
            return False
