"""The variables of a stored document, read from a path, a query string and a body."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qsl

import msgspec
import orjson
from graphql import (
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLSchema,
    OperationDefinitionNode,
    get_named_type,
    is_input_type,
    type_from_ast,
)

from operations.rejection import bad_request

MOST_PARAMETERS: Final = 128
WHOLE_NUMBER: Final = re.compile("-?[0-9]{1,18}").fullmatch


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """A variable that comes as a parameter of the query: its type, and whether there may be several."""

    name: str
    type: GraphQLInputType
    required: bool
    default: Any

    @property
    def is_json(self) -> bool:
        """Whether it is too much for a text, and comes as JSON."""
        return isinstance(get_named_type(self.type), GraphQLInputObjectType)

    @property
    def is_list(self) -> bool:
        """Whether it may be given several times; an object in a list of its own kind is given once."""
        inner = self.type.of_type if isinstance(self.type, GraphQLNonNull) else self.type
        return isinstance(inner, GraphQLList) and not self.is_json

    def value(self, texts: Sequence[str]) -> msgspec.Raw:
        """The value in what was given, as JSON. Raises Rejected."""
        if self.is_list:
            return msgspec.Raw(orjson.dumps([self._plain(text) for text in texts]))
        if len(texts) > 1:
            raise bad_request(f"The parameter `{self.name}` was given {len(texts)} times.")
        if not self.is_json:
            return msgspec.Raw(orjson.dumps(self._plain(texts[0])))
        try:
            orjson.loads(texts[0])
        except orjson.JSONDecodeError as error:
            raise bad_request(f"The parameter `{self.name}` is no valid JSON: {error.msg}.") from None
        return msgspec.Raw(texts[0].encode())

    def _plain(self, text: str) -> str | int:
        # What is no number stays as it is, and is refused like any other value of a wrong type.
        is_number = get_named_type(self.type).name == "Int" and WHOLE_NUMBER(text)
        return int(text) if is_number else text


def parameters_of(
    schema: GraphQLSchema, operation: OperationDefinitionNode, elsewhere: Sequence[str]
) -> dict[str, Parameter]:
    """The variables of an operation that are parameters of the query: all but those that come from elsewhere."""
    found: dict[str, Parameter] = {}
    for definition in operation.variable_definitions or ():
        name, kind = definition.variable.name.value, type_from_ast(schema, definition.type)
        assert is_input_type(kind)  # noqa: S101  the document is valid
        default = definition.default_value
        if name not in elsewhere:
            found[name] = Parameter(
                name=name,
                type=kind,
                required=isinstance(kind, GraphQLNonNull) and default is None,
                default=getattr(default, "value", None),
            )
    return found


def given_in(query_string: bytes) -> dict[str, list[str]]:
    """What a query string says, by name. Raises Rejected."""
    try:
        text = query_string.decode("ascii")
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=MOST_PARAMETERS)
    except ValueError:
        raise bad_request("The query string is not properly encoded.") from None
    given: dict[str, list[str]] = {}
    for name, value in pairs:
        given.setdefault(name, []).append(value)
    return given


def variables_in(given: Mapping[str, list[str]], parameters: Mapping[str, Parameter]) -> dict[str, msgspec.Raw]:
    """The variables that parameters give. Raises Rejected for one that is missing, unknown or given too often."""
    for name in given:
        if name not in parameters:
            known = ", ".join(sorted(parameters)) or "none"
            raise bad_request(f"There is no parameter {name[:60]!r} here; there are: {known}.")
    for name, parameter in parameters.items():
        if parameter.required and name not in given:
            raise bad_request(f"The parameter `{name}` is missing.")
    return {name: parameters[name].value(texts) for name, texts in given.items()}


def body_in(body: bytes, fills: Mapping[str, str]) -> msgspec.Raw:
    """The object in a body, to the byte, with some fields filled in. Raises Rejected."""
    try:
        fields = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise bad_request(f"The body is no JSON object: {str(error)[:200]}.") from None
    return msgspec.Raw(
        msgspec.json.encode(fields | {name: msgspec.Raw(orjson.dumps(text)) for name, text in fills.items()})
    )
