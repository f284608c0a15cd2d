"""Rules about the public contract: every element described, and none of another type than was promised."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    is_introspection_type,
    is_required_argument,
    is_required_input_field,
    is_specified_scalar_type,
)


@dataclass(frozen=True, kw_only=True)
class Element:
    """A type, field, argument or enum value: what it is, and what strangers are told about it."""

    kind: str
    description: str | None
    required: bool = False


def undescribed(schema: GraphQLSchema) -> list[str]:
    """The elements that tell a stranger nothing."""
    return [name for name, element in elements(schema).items() if not (element.description or "").strip()]


def departures(schema: GraphQLSchema, promise: GraphQLSchema) -> list[str]:
    """Where a schema contradicts a promise: another type, or something asked for that nobody promised to send."""
    ours, promised = elements(schema), elements(promise)
    return [
        *(
            f"{name} is {ours[name].kind}, promised was {element.kind}"
            for name, element in promised.items()
            if name in ours and ours[name].kind != element.kind
        ),
        *(
            f"{name} is required, and was not promised"
            for name, element in ours.items()
            if element.required and name not in promised and _owner(name) in promised
        ),
    ]


def elements(schema: GraphQLSchema) -> dict[str, Element]:
    """Every element of a schema by its coordinate: `Trace`, `Trace.steps`, `Trace.steps(first)`, `StepKind.LLM`."""
    return {
        name: element
        for kind in schema.type_map.values()
        if not (is_introspection_type(kind) or is_specified_scalar_type(kind))
        for name, element in _elements_of(kind)
    }


def _elements_of(kind: GraphQLNamedType) -> Iterator[tuple[str, Element]]:
    match kind:
        case GraphQLObjectType() | GraphQLInterfaceType():
            interfaces = " & ".join(sorted(interface.name for interface in kind.interfaces))
            yield (
                kind.name,
                Element(kind=f"{_species(kind)} of {interfaces or 'nothing'}", description=kind.description),
            )
            for name, field in kind.fields.items():
                yield f"{kind.name}.{name}", Element(kind=str(field.type), description=field.description)
                yield from _inputs(f"{kind.name}.{name}({{}})", field.args)
        case GraphQLInputObjectType():
            yield kind.name, Element(kind=_species(kind), description=kind.description)
            yield from _inputs(f"{kind.name}.{{}}", kind.fields)
        case GraphQLEnumType():
            yield kind.name, Element(kind=_species(kind), description=kind.description)
            for name, value in kind.values.items():
                yield f"{kind.name}.{name}", Element(kind="value", description=value.description)
        case _:
            yield kind.name, Element(kind=_species(kind), description=kind.description)


def _inputs(
    coordinate: str, inputs: Mapping[str, GraphQLArgument] | Mapping[str, GraphQLInputField]
) -> Iterator[tuple[str, Element]]:
    for name, value in inputs.items():
        required = is_required_argument(value) if isinstance(value, GraphQLArgument) else is_required_input_field(value)
        yield (
            coordinate.format(name),
            Element(kind=str(value.type), description=value.description, required=required),
        )


def _owner(coordinate: str) -> str:
    return coordinate.rpartition("(" if "(" in coordinate else ".")[0]


def _species(kind: GraphQLNamedType) -> str:
    return type(kind).__name__.removeprefix("GraphQL").removesuffix("Type").lower()
