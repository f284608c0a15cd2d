"""A walk over a schema: documents that ask everything that a root field can tell, with inputs of every shape.

It is made from the schema alone. What it does not know (a new scalar, a field that lists no cursor) raises LookupError,
so that nothing new is passed by in silence.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    ast_from_value,
    get_named_type,
    get_nullable_type,
    is_leaf_type,
    is_required_argument,
    print_ast,
)

# How many levels of an answer are asked for: all that there is to know of a thing, or what a filter finds.
DEEP, SHALLOW = 3, 1
DAY = {"start": "2026-11-01T00:00:00Z", "end": "2026-11-02T00:00:00Z"}
# What a leaf is given that is no word, no id and no cursor.
LEAVES: dict[str, Any] = {
    "Int": 2,
    "BigInt": 2,
    "Float": 0.5,
    "Boolean": True,
    "Decimal": "0.5",
    "Duration": "PT1M",
    "DateTime": "2026-11-01T12:00:00Z",
}


@dataclass(frozen=True, kw_only=True)
class Names:
    """Values that name things: ids of every kind, a word that stands in every text, and by root field a cursor."""

    ids: Sequence[str]
    word: str
    cursors: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Question:
    """A root field and the arguments it is given."""

    field: str
    document: str
    variables: Mapping[str, Any]

    def __str__(self) -> str:
        return f"{self.field} {dict(self.variables)}"


@dataclass(kw_only=True)
class Walk:
    """The questions to root types.

    A field of an input is given all its values where the walk first meets it, and one value where it meets it again:
    `TraceFilter` means the same to `analytics` as to `traces`. Within another filter a filter counts as a new one.
    """

    schema: GraphQLSchema
    names: Names
    _met: set[tuple[str, str, str]] = field(default_factory=set)
    _field: str = ""

    def questions(self, root: GraphQLObjectType, kind: str) -> Iterator[Question]:
        """Every root field with what it requires alone, and with each value of each of its arguments besides."""
        for self._field, asked in root.fields.items():
            given = {key: self._first(arg.type) for key, arg in asked.args.items() if is_required_argument(arg)}
            # What is written changes what there is to know around it.
            selection = selected(self.schema, asked.type, DEEP if kind == "query" else SHALLOW)
            yield _question(kind, self._field, asked, given, selection)
            for key, argument in asked.args.items():
                if key not in given:
                    selection = selected(self.schema, asked.type, SHALLOW)
                for value in self.shapes(argument.type):
                    yield _question(kind, self._field, asked, {**given, key: value}, selection)

    def shapes(self, kind: GraphQLInputType, within: str = "") -> Iterator[Any]:
        """Values of an input: each id and each word where one fits, and each field of an object by itself."""
        match get_nullable_type(kind):
            case GraphQLList(of_type=inner):
                for value in self.shapes(inner, within):
                    yield [value]
            case GraphQLInputObjectType() as composite:
                yield from self._objects(composite, within)
            case GraphQLEnumType() as enum:
                yield next(iter(enum.values))
            case GraphQLNamedType(name="ID" | "UUID"):
                yield from self.names.ids
            case GraphQLNamedType(name="String" | "JSON"):
                yield self.names.word
            case GraphQLNamedType(name="Cursor"):
                yield self.names.cursors[self._field]
            case named:
                yield LEAVES[named.name]

    def _objects(self, kind: GraphQLInputObjectType, within: str) -> Iterator[Any]:
        required = {key: self._first(inner.type) for key, inner in kind.fields.items() if _must(inner.type)}
        for key, inner in kind.fields.items():
            met = (within, kind.name, key)
            if met in self._met or get_named_type(inner.type) is kind:
                yield {**required, key: self._first(inner.type)}
                continue
            self._met.add(met)
            for value in self.shapes(inner.type, within or (kind.name if kind.name.endswith("Filter") else "")):
                yield {**required, key: value}

    def _first(self, kind: GraphQLInputType) -> Any:
        named = get_nullable_type(kind)
        if isinstance(named, GraphQLList):
            return [self._first(named.of_type)]
        if not isinstance(named, GraphQLInputObjectType):
            return next(self.shapes(kind))
        if named.name == "TimeRange":
            return DAY
        required = {key: self._first(inner.type) for key, inner in named.fields.items() if _must(inner.type)}
        # An object that requires nothing is given what it is found by.
        inner = next((key for key in ("id", "eq") if key in named.fields), None) or next(iter(named.fields))
        return required or {inner: self._first(named.fields[inner].type)}


def selected(schema: GraphQLSchema, kind: GraphQLOutputType, depth: int, alias: str = "") -> str:
    """All that can be selected of a type, so many levels deep, with what its arguments require."""
    named = get_named_type(kind)
    if is_leaf_type(named):
        return ""
    assert isinstance(named, GraphQLObjectType | GraphQLInterfaceType), named
    parts = ["__typename"]
    for name, inner in named.fields.items():
        if depth or is_leaf_type(get_named_type(inner.type)):
            called = f"{alias}{name}: {name}" if alias else name
            parts.append(f"{called}{_arguments(inner)} {selected(schema, inner.type, depth - 1)}")
    if isinstance(named, GraphQLInterfaceType):
        # By names of their own, for fields of the same name may have different types.
        possible = schema.get_possible_types(named)
        parts += [f"... on {each.name} {selected(schema, each, depth, f'{each.name}_')}" for each in possible]
    return "{ " + " ".join(parts) + " }"


def _arguments(inner: GraphQLField) -> str:
    given = {key: LEAVES[get_named_type(arg.type).name] for key, arg in inner.args.items() if is_required_argument(arg)}
    if "first" in inner.args:
        given["first"] = 2
    literals = [f"{key}: {_literal(value, inner.args[key])}" for key, value in given.items()]
    return f"({', '.join(literals)})" if literals else ""


def _literal(value: Any, argument: GraphQLArgument) -> str:
    node = ast_from_value(value, argument.type)
    assert node is not None
    return print_ast(node)


def _question(kind: str, name: str, asked: GraphQLField, variables: Mapping[str, Any], selection: str) -> Question:
    declared = ", ".join(f"${key}: {asked.args[key].type}" for key in variables)
    passed = ", ".join(f"{key}: ${key}" for key in variables)
    head = f"{kind}({declared})" if variables else kind
    call = f"{name}({passed})" if variables else name
    return Question(field=name, document=f"{head} {{ {call} {selection} }}", variables=variables)


def _must(kind: GraphQLInputType) -> bool:
    return isinstance(kind, GraphQLNonNull)
