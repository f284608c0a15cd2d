"""The variables of a request: as the text they came in, until somebody needs their values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import msgspec
import orjson
from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    TypeInfo,
    is_non_null_type,
    type_from_ast,
)
from graphql.execution.values import VariableValues, get_variable_values
from graphql.validation import ValidationContext

from operations.inputs import Input, Inputs
from operations.rejection import bad_request
from operations.selection import Uncovered

# What decoders and scalars raise for a value that they don't take.
NOT_TAKEN = (msgspec.DecodeError, GraphQLError, UnicodeDecodeError, RecursionError)


class Sent(Mapping[str, Any]):
    """The variables as they were sent. Whoever looks at one decodes them all; raises Rejected for what is no JSON."""

    def __init__(self, texts: Mapping[str, msgspec.Raw]) -> None:
        self.texts = texts

    @cached_property
    def _values(self) -> Mapping[str, Any]:
        return {name: _decoded(name, text) for name, text in self.texts.items()}

    def __getitem__(self, name: str) -> Any:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.texts)

    def __len__(self) -> int:
        return len(self.texts)


@dataclass(frozen=True, kw_only=True)
class Variable:
    """One variable of an operation."""

    name: str
    input: Input
    required: bool


@dataclass(frozen=True, kw_only=True)
class Reader:
    """Reads the variables of one operation straight from their text. `defaults` are those of variables left out."""

    variables: tuple[Variable, ...]
    defaults: Mapping[str, Any]

    def read(self, sent: Sent) -> VariableValues | None:
        """The values as resolvers take them; None where graphql-core has to look at them."""
        coerced = dict(self.defaults)
        try:
            for variable in self.variables:
                text = sent.texts.get(variable.name)
                if text is not None:
                    coerced[variable.name] = variable.input.read(text)
                elif variable.required and variable.name not in coerced:
                    return None
        except NOT_TAKEN:
            return None
        return VariableValues({}, coerced)


def reader_of(
    schema: GraphQLSchema, inputs: Inputs, document: DocumentNode, operation: OperationDefinitionNode
) -> Reader | None:
    """The reader for an operation of a valid document; None when one of its variables can't be read from its text."""
    definitions = operation.variable_definitions or ()
    if _is_inside_a_literal(schema, document, operation):
        return None
    variables = []
    for definition in definitions:
        kind = type_from_ast(schema, definition.type)
        try:
            read = inputs.of(kind)  # type: ignore[arg-type]  # a valid document has variables of input types only
        except Uncovered:
            return None
        variables.append(Variable(name=definition.variable.name.value, input=read, required=is_non_null_type(kind)))
    with_default = [definition for definition in definitions if definition.default_value]
    defaults = get_variable_values(schema, with_default, {})
    if isinstance(defaults, list):
        return None
    return Reader(variables=tuple(variables), defaults=defaults.coerced)


def _decoded(name: str, text: msgspec.Raw) -> Any:
    try:
        return orjson.loads(bytes(text))
    except orjson.JSONDecodeError as error:
        message = f"The variable {name[:100]!r} is no valid JSON: {error.msg} (byte {error.pos} of it)."
        raise bad_request(message) from None


def _is_inside_a_literal(schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode) -> bool:
    """Whether a variable is a part of a JSON literal: then it has to be written as one."""
    context = ValidationContext(schema, document, TypeInfo(schema), lambda _: None)
    return any(usage.type is None for usage in context.get_recursive_variable_usages(operation))
