"""Input types: how their values become what resolvers take, from a dictionary or straight from the text of a request.

graphql-core coerces a dictionary in some thirty microseconds a record, and the numbers of its JSON have lost their
digits by then. The decoders here read the text once, keep JSON as it was sent, and take nothing that graphql-core would
not: what they refuse, it reads again and says what is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields
from enum import Enum
from functools import cached_property
from typing import Annotated, Any, TypeAlias

import msgspec
from graphql import (
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLFloat,
    GraphQLID,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLInt,
    GraphQLList,
    GraphQLNonNull,
    GraphQLScalarType,
    GraphQLSchema,
    GraphQLString,
)
from strawberry import Schema
from strawberry.types.base import StrawberryObjectDefinition

from operations.selection import Uncovered
from schema.scalars import OF_TEXT

Finish: TypeAlias = Callable[[Any], Any]

EXACT = 2.0**53  # from here on there are integers that no double holds: graphql-core refuses them as floats

# What the decoder takes for a scalar; the others come as strings and are parsed by their own function.
DECODED: Mapping[str, Any] = {
    GraphQLString.name: str,
    GraphQLID.name: str,
    GraphQLBoolean.name: bool,
    GraphQLFloat.name: Annotated[float, msgspec.Meta(gt=-EXACT, lt=EXACT)],
    GraphQLInt.name: Annotated[int, msgspec.Meta(ge=-(2**31), le=2**31 - 1)],
    "BigInt": Annotated[int, msgspec.Meta(ge=-(2**63) + 1, le=2**63 - 1)],
}

NULL = msgspec.Raw(b"null")


@dataclass(frozen=True, kw_only=True)
class Input:
    """One input type: what the decoder makes of a text, and how that is finished; None leaves it as it is."""

    decoded: Any
    finish: Finish | None
    nullable: bool = False

    @cached_property
    def _decoder(self) -> msgspec.json.Decoder[Any]:
        return msgspec.json.Decoder(self.decoded)

    def read(self, text: msgspec.Raw) -> Any:
        """The value in a JSON text. Raises whatever the decoder and the scalars raise for a value they don't take."""
        return self.finished(self._decoder.decode(text))

    def finished(self, value: Any) -> Any:
        """What resolvers take in place of a decoded value."""
        if self.finish is None:
            return value
        return None if self.nullable and (value is None or value == NULL) else self.finish(value)

    def finishing(self, value: str, finish: str) -> str:
        """The same as an expression, for code that holds the value and the function under these names."""
        if self.finish is None:
            return value
        null = f"{value} is None" + (f" or {value} == null" if self.decoded is msgspec.Raw else "")
        return f"None if {null} else {finish}({value})" if self.nullable else f"{finish}({value})"


class Inputs:
    """The input types of one schema, each made when it is first asked for."""

    def __init__(self, schema: Schema) -> None:
        self._name = schema.config.name_converter.get_graphql_name
        self._made: dict[str, Input | None] = {}

    def of(self, kind: GraphQLInputType) -> Input:
        """The input for a type. Raises Uncovered for one that has no decoder: a type that contains itself."""
        key = str(kind)
        if key not in self._made:
            self._made[key] = None  # as long as it is not made, whatever contains it has no decoder
            self._made[key] = self._required(kind.of_type) if isinstance(kind, GraphQLNonNull) else self._nullable(kind)
        made = self._made[key]
        if made is None:
            raise Uncovered(key)
        return made

    def _nullable(self, kind: GraphQLInputType) -> Input:
        inner = self._required(kind)
        decoded = inner.decoded if inner.decoded is msgspec.Raw else inner.decoded | None
        return Input(decoded=decoded, finish=inner.finish, nullable=True)

    def _required(self, kind: GraphQLInputType) -> Input:
        match kind:
            case GraphQLList(of_type=inner):
                item = self.of(inner)
                return Input(decoded=list[item.decoded], finish=item.finish and _each(item.finished))  # type: ignore[name-defined]  # made at run time
            case GraphQLEnumType():
                return Input(decoded=_enum(kind), finish=None)
            case GraphQLScalarType(name=name) if name in OF_TEXT:
                return Input(decoded=msgspec.Raw, finish=_of_text(OF_TEXT[name]))
            case GraphQLScalarType(name=name) if name in DECODED:
                return Input(decoded=DECODED[name], finish=None)
            case GraphQLScalarType():
                return Input(decoded=str, finish=kind.coerce_input_value)
            case GraphQLInputObjectType():
                return self._object(kind)
        raise Uncovered(str(kind))

    def _object(self, kind: GraphQLInputObjectType) -> Input:
        names = attributes(kind, self._name)
        defaults = {field.name: field.default for field in fields(definition_of(kind).origin)}
        members = {names[name]: self.of(declared.type) for name, declared in kind.fields.items()}
        struct = msgspec.defstruct(
            f"{kind.name}Text",
            [_member(name, member.decoded, defaults[name]) for name, member in members.items()],
            rename={attribute: name for name, attribute in names.items()},
            forbid_unknown_fields=True,
            kw_only=True,
            gc=False,
        )
        return Input(decoded=struct, finish=_object_of(definition_of(kind).origin, members))


def inputs_of(schema: GraphQLSchema) -> Inputs | None:
    """The inputs of a schema that Strawberry declared; None for any other."""
    contract = schema.extensions.get("strawberry-definition")
    return Inputs(contract) if isinstance(contract, Schema) else None


def converter(kind: GraphQLInputType, schema: Schema) -> Finish | None:
    """What makes of a value that graphql-core coerced the one that resolvers take; None when they are the same.

    Objects that are made already, because they were read from their text, stay as they are.
    """
    return _converter(kind, schema.config.name_converter.get_graphql_name, {})


def definition_of(kind: GraphQLInputObjectType) -> StrawberryObjectDefinition:
    """How an input type is declared."""
    definition: StrawberryObjectDefinition = kind.extensions["strawberry-definition"]
    return definition


def attributes(kind: GraphQLInputObjectType, name: Callable[[Any], str]) -> dict[str, str]:
    """The attributes of an input type by the names that the API gives them."""
    return {name(field): field.python_name for field in definition_of(kind).fields}


def _converter(kind: GraphQLInputType, name: Callable[[Any], str], made: dict[str, Finish]) -> Finish | None:
    match kind:
        case GraphQLNonNull(of_type=inner):
            return _converter(inner, name, made)
        case GraphQLList(of_type=inner):
            item = _converter(inner, name, made)
            return item and _or_null(_each(item))
        case GraphQLInputObjectType():
            if kind.name not in made:
                members: dict[str, tuple[str, Finish | None]] = {}
                made[kind.name] = _or_null(_from_mapping(definition_of(kind).origin, members))
                for graphql_name, attribute in attributes(kind, name).items():
                    inner = kind.fields[graphql_name].type
                    members[graphql_name] = attribute, _converter(inner, name, made)
            return made[kind.name]
        case _:
            return None


def _from_mapping(cls: type, members: Mapping[str, tuple[str, Finish | None]]) -> Finish:
    def made(value: Any) -> Any:
        if isinstance(value, cls):
            return value
        given = {}
        for name, content in value.items():
            attribute, finish = members[name]
            given[attribute] = content if finish is None else finish(content)
        return cls(**given)

    return made


def _object_of(cls: type, members: Mapping[str, Input]) -> Finish:
    """Write the function that makes a frozen dataclass of a decoded struct; its `__init__` takes five times as long."""
    names: dict[str, Any] = {"cls": cls, "new": object.__new__, "null": NULL}
    entries = []
    for number, (name, member) in enumerate(members.items()):
        names[f"f{number}"] = member.finish
        entries.append(f"{name!r}: " + member.finishing(f"s.{name}", f"f{number}"))
    code = f"def made(s):\n o = new(cls)\n o.__dict__.update({{{', '.join(entries)}}})\n return o\n"
    exec(code, names)  # noqa: S102  the attributes of our own dataclasses
    function: Finish = names["made"]
    return function


def _member(name: str, decoded: Any, default: Any) -> tuple[str, Any] | tuple[str, Any, Any]:
    if default is MISSING:
        return name, decoded
    return name, decoded, [] if default == () else default


def _enum(kind: GraphQLEnumType) -> type[Enum]:
    enum: type[Enum] = kind.extensions["strawberry-definition"].wrapped_cls
    if any(name != member.value for name, member in enum.__members__.items()):
        raise Uncovered(kind.name)
    return enum


def _of_text(parse: Callable[[str], Any]) -> Finish:
    if parse is str:
        return lambda text: str(text, "utf-8")
    return lambda text: parse(str(text, "utf-8"))


def _or_null(finish: Finish) -> Finish:
    return lambda value: None if value is None else finish(value)


def _each(finish: Finish) -> Finish:
    return lambda values: [finish(value) for value in values]
