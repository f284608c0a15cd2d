"""What the REST API is, for tools: an OpenAPI 3.1 document, made of the GraphQL schema and the stored documents."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeAlias

from graphql import (
    FieldNode,
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLType,
    OperationDefinitionNode,
    SelectionSetNode,
    is_required_input_field,
    parse,
)

from server.downloads import MEDIA_TYPES
from server.problems import PROBLEM
from server.rest_operations import OPERATIONS, PARAMETERS, PART, Answering, RestOperation
from server.rest_variables import Parameter, parameters_of

Json: TypeAlias = dict[str, Any]

SCALARS: Final[Mapping[str, Json]] = {
    "ID": {"type": "string"},
    "String": {"type": "string"},
    "Int": {"type": "integer", "format": "int32"},
    "BigInt": {"type": "integer", "format": "int64"},
    "Float": {"type": "number"},
    "Boolean": {"type": "boolean"},
    "DateTime": {"type": "string", "format": "date-time"},
    "UUID": {"type": "string", "format": "uuid"},
    "Decimal": {"type": "string", "pattern": r"^-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?$"},
    "Cursor": {"type": "string"},
    "JSON": {},
}
ERROR: Final[Json] = {
    "type": "object",
    "required": ["code", "message", "path"],
    "properties": {
        "code": {"type": "string"},
        "message": {"type": "string"},
        "path": {"type": "array", "items": {"type": "string"}},
    },
}
PROBLEM_SCHEMA: Final[Json] = {
    "type": "object",
    "description": "What is wrong (RFC 9457).",
    "required": ["title", "status", "detail", "code"],
    "properties": {
        "title": {"type": "string", "description": "The phrase of the status."},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "The sentence for people."},
        "code": {"type": "string", "description": "The kind of error, for programs."},
        "errors": {"type": "array", "items": ERROR, "description": "What the sender can mend, and where it is."},
    },
}


def description(schema: GraphQLSchema) -> Json:
    """The OpenAPI document."""
    components = _Components(schema)
    paths: dict[str, Json] = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(components, operation)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Tracegraph",
            "version": "1",
            "summary": "The REST API for traces of AI workflows; GraphQL at /graphql can do all of this and more.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "security": [{"key": []}],
        "paths": paths,
        "components": {
            "schemas": {"Problem": PROBLEM_SCHEMA, **components.schemas},
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer", "description": "An API key."}},
            "responses": {
                "Problem": {
                    "description": "It was refused, or went wrong.",
                    "content": {PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}}},
                }
            },
        },
    }


class _Components:
    """The schemas of inputs, by name, as far as somebody refers to them."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self.schema = schema
        self.schemas: dict[str, Json] = {}

    def input(self, kind: GraphQLType) -> Json:
        """The schema of what is sent."""
        match kind:
            case GraphQLNonNull(of_type=inner):
                return self._given(inner)
            case _:
                return _or_null(self._given(kind))

    def reference(self, kind: GraphQLInputObjectType) -> Json:
        """A reference to the schema of an input."""
        if kind.name not in self.schemas:
            self.schemas[kind.name] = {}  # filters contain filters
            self.schemas[kind.name] |= self.object(kind)
        return {"$ref": f"#/components/schemas/{kind.name}"}

    def object(self, kind: GraphQLInputObjectType, without: frozenset[str] = frozenset()) -> Json:
        """The schema of an input, without some of its fields."""
        fields = {name: field for name, field in kind.fields.items() if name not in without}
        told = {name: {**self.input(field.type), "description": field.description} for name, field in fields.items()}
        required = [name for name, field in fields.items() if is_required_input_field(field)]
        shape = {"type": "object", "description": kind.description, "properties": told, "additionalProperties": False}
        return {**shape, "required": required} if required else shape

    def plain(self, kind: GraphQLType) -> Json:
        """The schema of a value that is there."""
        match kind:
            case GraphQLNonNull(of_type=inner):
                return self._given(inner)
            case _:
                return self._given(kind)

    def _given(self, kind: GraphQLType) -> Json:
        match kind:
            case GraphQLList(of_type=inner):
                return {"type": "array", "items": self.input(inner)}
            case GraphQLInputObjectType():
                return self.reference(kind)
            case _:
                return _leaf(kind)


def _operation(components: _Components, operation: RestOperation) -> Json:
    (document,) = parse(operation.document).definitions
    assert isinstance(document, OperationDefinitionNode)  # noqa: S101  our documents are operations
    elsewhere = [*operation.in_path, *([operation.body] if operation.body else [])]
    parameters = parameters_of(components.schema, document, elsewhere)
    told: Json = {
        "operationId": operation.name,
        "summary": operation.summary,
        "parameters": [
            *(_in_path(name) for name in [*operation.in_path, *(operation.fills or {}).values()]),
            *(_in_query(components, parameter) for parameter in parameters.values()),
            *(_part_of_file(name) for name in PART if operation.answering is Answering.STREAMED),
        ],
        "responses": {
            str(int(operation.success)): _success(components.schema, operation, document),
            "default": {"$ref": "#/components/responses/Problem"},
        },
    }
    if operation.body is not None:
        told["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": _body(components, operation)}},
        }
    return told


def _body(components: _Components, operation: RestOperation) -> Json:
    kind = components.schema.mutation_type.fields[operation.name].args["input"].type  # type: ignore[union-attr]  # it is
    assert isinstance(kind, GraphQLNonNull)  # noqa: S101  every mutation needs its input
    if not operation.fills:
        return components.reference(kind.of_type)
    return components.object(kind.of_type, without=frozenset(operation.fills))


def _in_path(name: str) -> Json:
    schema = {"type": "string", "format": "uuid"}
    return {"name": name, "in": "path", "required": True, "description": PARAMETERS[name], "schema": schema}


def _in_query(components: _Components, parameter: Parameter) -> Json:
    told = {
        "name": parameter.name,
        "in": "query",
        "required": parameter.required,
        "description": PARAMETERS[parameter.name],
    }
    schema = components.plain(parameter.type)
    if parameter.is_json:
        return {**told, "content": {"application/json": {"schema": schema.get("items", schema)}}}
    if parameter.default is not None:
        schema = {**schema, "default": int(parameter.default) if parameter.default.isdigit() else parameter.default}
    return {**told, "schema": schema}


def _part_of_file(name: str) -> Json:
    schema = {"type": "integer", "minimum": 1} if name == "limit" else {"type": "string"}
    return {"name": name, "in": "query", "required": False, "description": PARAMETERS[name], "schema": schema}


def _success(schema: GraphQLSchema, operation: RestOperation, document: OperationDefinitionNode) -> Json:
    if operation.answering is Answering.STREAMED:
        content: Json = {media.partition(";")[0]: {"schema": {"type": "string"}} for media in MEDIA_TYPES.values()}
        return {"description": "The file.", "content": content}
    root = schema.get_root_type(document.operation)
    assert root is not None  # noqa: S101  the document is valid
    (field,) = document.selection_set.selections
    assert isinstance(field, FieldNode)  # noqa: S101  our documents have one root field
    kind = root.fields[field.name.value].type
    if operation.answering is Answering.RECORDED:
        kind, field = _inside(kind, field, operation.thing)
    shape = _shape(_unwrapped(kind), field.selection_set)
    return {"description": "What was asked for.", "content": {"application/json": {"schema": shape}}}


def _inside(kind: GraphQLType, field: FieldNode, name: str) -> tuple[GraphQLType, FieldNode]:
    """The type and the selection of a part of a payload."""
    selections = field.selection_set.selections if field.selection_set else ()
    node = next(node for node in selections if isinstance(node, FieldNode) and node.name.value == name)
    payload = _unwrapped(kind)
    assert isinstance(payload, GraphQLObjectType)  # noqa: S101  a payload is an object
    return payload.fields[name].type, node


def _unwrapped(kind: GraphQLType) -> GraphQLType:
    return kind.of_type if isinstance(kind, GraphQLNonNull) else kind


def _answered(kind: GraphQLType, selection: SelectionSetNode | None) -> Json:
    """The schema of what is answered."""
    if isinstance(kind, GraphQLNonNull):
        return _shape(kind.of_type, selection)
    return _or_null(_shape(kind, selection))


def _shape(kind: GraphQLType, selection: SelectionSetNode | None) -> Json:
    match kind:
        case GraphQLList(of_type=inner):
            return {"type": "array", "items": _answered(inner, selection)}
        case GraphQLObjectType() if selection is not None:
            nodes = [node for node in selection.selections if isinstance(node, FieldNode)]
            fields = {node.name.value: (kind.fields[node.name.value], node) for node in nodes}
            told = {
                name: {**_answered(field.type, node.selection_set), "description": field.description}
                for name, (field, node) in fields.items()
            }
            return {"type": "object", "properties": told, "required": list(fields)}
        case _:
            return _leaf(kind)


def _leaf(kind: GraphQLType) -> Json:
    if isinstance(kind, GraphQLEnumType):
        return {"type": "string", "enum": list(kind.values)}
    return dict(SCALARS[str(kind)])


def _or_null(shape: Json) -> Json:
    return {"anyOf": [shape, {"type": "null"}]} if shape else shape
