"""From a selection to the levels of its plan."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    SelectionSetNode,
    TypeNameMetaFieldDef,
    is_leaf_type,
)
from strawberry import Schema
from strawberry.types.field import StrawberryField

from operations.arguments import arguments
from operations.leaves import leaf
from operations.levels import Branch, Edge, Followed, Held, Kinds, Level, Root, Same, Source, Target, Values
from operations.selection import Nodes, Selections, Uncovered, sets_of
from operations.serialiser import Branched, Constant, Entry, Nested, Serialiser, Stored
from operations.shapes import shape_of
from resolvers.rows import Columns, reads_of
from schema.answers import ABSENT, ANSWERED_BY, COLUMN, SAME_ROW, AnsweredBy
from schema.row import by_typename, read

MOST_FIELDS = 1_000


@dataclass(kw_only=True)
class Fields:
    """What the fields of one object type have become so far; `columns` of None are all columns."""

    entries: list[tuple[str, Entry]] = field(default_factory=list)
    branches: list[Branch] = field(default_factory=list)
    columns: Columns = frozenset()
    waiting: int = 0

    def need(self, columns: Columns) -> None:
        """Add columns that the rows must have."""
        self.columns = None if columns is None or self.columns is None else self.columns | columns

    def branch(self, key: str, branch: Branch, *, waits: bool) -> None:
        """Add a field that is asked for or has fields of its own."""
        self.entries.append((key, Branched(number=len(self.branches))))
        self.branches.append(branch)
        self.waiting += waits


class Compiler:
    """Compiles the operation of one document under given conditions. Raises Uncovered for what no plan covers."""

    def __init__(self, contract: Schema, selections: Selections) -> None:
        self._contract = contract
        self._selections = selections
        self._schema: GraphQLSchema = selections.schema
        self.fields = 0

    def level(
        self, kind: GraphQLObjectType, sets: Iterable[SelectionSetNode], *, uniform: bool, serial: bool = False
    ) -> Level:
        """The level for values of an object type; `uniform` ones have the same columns in the same order."""
        fields = self._fields(kind, sets, uniform=uniform)
        serialiser = Serialiser(entries=fields.entries, branches=len(fields.branches), uniform=uniform)
        return Level(
            branches=fields.branches,
            serialiser=serialiser,
            columns=fields.columns,
            waiting=fields.waiting,
            serial=serial,
        )

    def _fields(self, kind: GraphQLObjectType, sets: Iterable[SelectionSetNode], *, uniform: bool) -> Fields:
        fields = Fields()
        for key, nodes in self._selections.of(kind, sets).items():
            self.fields += 1
            if self.fields > MOST_FIELDS:
                raise Uncovered("so many fields")
            self._field(fields, kind, key, nodes, uniform=uniform)
        return fields

    def _field(self, fields: Fields, kind: GraphQLObjectType, key: str, nodes: Nodes, *, uniform: bool) -> None:
        definition = self._schema.get_field(kind, nodes[0].name.value)
        if definition is TypeNameMetaFieldDef:
            fields.entries.append((key, Constant(text=kind.name)))
            return
        declared = definition.extensions.get("strawberry-definition") if definition else None
        if definition is None or not isinstance(declared, StrawberryField) or declared.extensions:
            raise Uncovered(nodes[0].name.value)
        if kind is self._schema.subscription_type:
            self._followed(fields, key, definition, declared.metadata.get(ANSWERED_BY), nodes)
        elif ANSWERED_BY in declared.metadata:
            self._answered(fields, key, definition, declared.metadata[ANSWERED_BY], nodes)
        elif SAME_ROW in declared.metadata:
            self._same_row(fields, key, definition, nodes, uniform=uniform)
        elif COLUMN in declared.metadata:
            metadata = declared.metadata
            self._stored(fields, key, definition, metadata[COLUMN], metadata[ABSENT])
        elif declared.base_resolver is None and declared.default_resolver is read:
            self._held(fields, key, definition, nodes, declared.python_name, uniform=uniform)
        else:
            raise Uncovered(declared.python_name)

    def _held(
        self, fields: Fields, key: str, definition: GraphQLField, nodes: Nodes, name: str, *, uniform: bool
    ) -> None:
        fields.need(frozenset({name}))
        if is_leaf_type(shape_of(definition.type)[1]):
            self._stored(fields, key, definition, name)
        else:
            self._value(fields, key, definition, nodes, Held(name=name), uniform=uniform)

    def _stored(self, fields: Fields, key: str, definition: GraphQLField, column: str, absent: Any = None) -> None:
        fields.need(frozenset({column}))
        fields.entries.append((key, Stored(column=column, leaf=leaf(definition.type), absent=absent)))

    def _same_row(self, fields: Fields, key: str, definition: GraphQLField, nodes: Nodes, *, uniform: bool) -> None:
        shown = shape_of(definition.type)[1]
        if not isinstance(shown, GraphQLObjectType):
            raise Uncovered(shown.name)
        inner = self._fields(shown, sets_of(nodes), uniform=uniform)
        if inner.branches:
            self._value(fields, key, definition, nodes, Same(), uniform=uniform)
        else:
            fields.need(inner.columns)
            fields.entries.append((key, Nested(entries=inner.entries)))

    def _followed(
        self, fields: Fields, key: str, definition: GraphQLField, answered: AnsweredBy | None, nodes: Nodes
    ) -> None:
        if answered is None:
            raise Uncovered(nodes[0].name.value)
        target, needed, waiting = self._target(definition.type, nodes, uniform=False)
        selective = "columns" in inspect.signature(answered.resolver).parameters
        source = Followed(
            source=answered.resolver,
            beginning=answered.beginning,
            arguments=arguments(self._contract, definition, nodes[0], answered.grouped),
            columns={"columns": _below(target, needed)} if selective else {},
        )
        fields.branch(key, Branch(source=source, shape=shape_of(definition.type)[0], target=target), waits=waiting)

    def _answered(self, fields: Fields, key: str, definition: GraphQLField, answered: AnsweredBy, nodes: Nodes) -> None:
        resolver = answered.resolver
        selective = "columns" in inspect.signature(resolver).parameters
        target, needed, _ = self._target(definition.type, nodes, uniform=selective)
        columns = {"columns": needed} if selective else {}
        given = arguments(self._contract, definition, nodes[0], answered.grouped)
        source: Source
        if answered.batched:
            fields.need(reads_of(resolver))
            source = Edge(resolver=resolver, arguments=given, columns=columns)
        else:
            source = Root(key=key, resolver=resolver, arguments=given, columns=columns)
        shape, kind = shape_of(definition.type)
        branch = Branch(source=source, shape=None if is_leaf_type(kind) else shape, target=target)
        fields.branch(key, branch, waits=True)

    def _value(
        self, fields: Fields, key: str, definition: GraphQLField, nodes: Nodes, source: Source, *, uniform: bool
    ) -> None:
        """A field whose objects are there already."""
        target, needed, waiting = self._target(definition.type, nodes, uniform=uniform)
        fields.need(needed)
        shape, _ = shape_of(definition.type)
        fields.branch(key, Branch(source=source, shape=shape, target=target), waits=waiting)

    def _target(self, kind: GraphQLOutputType, nodes: Nodes, *, uniform: bool) -> tuple[Target, Columns, bool]:
        """What is made of the answers of a field; the columns it needs, and whether it waits for anything."""
        _, named = shape_of(kind)
        match named:
            case GraphQLObjectType():
                level = self.level(named, sets_of(nodes), uniform=uniform)
                return level, level.columns, level.waiting > 0
            case GraphQLInterfaceType(resolve_type=resolve_type) if resolve_type is by_typename:
                levels = {
                    possible.name: self.level(possible, sets_of(nodes), uniform=False)
                    for possible in self._schema.get_possible_types(named)
                }
                waiting = any(level.waiting for level in levels.values())
                return Kinds(levels=levels), _all([level.columns for level in levels.values()]), waiting
            case _ if is_leaf_type(named):
                return Values(function=leaf(kind).function), frozenset(), False
            case _:
                raise Uncovered(named.name)


def _all(columns: Sequence[Columns]) -> Columns:
    known = [names for names in columns if names is not None]
    return frozenset({"__typename"}).union(*known) if len(known) == len(columns) else None


def _below(target: Target, needed: Columns) -> Columns:
    """The columns that values need, and those of the rows that they hold, whatever their types."""
    levels = [*target.levels.values()] if isinstance(target, Kinds) else []
    held = [branch.target for level in levels for branch in level.branches if isinstance(branch.source, Held)]
    return _all([needed, *(row.columns for row in held if isinstance(row, Level))])
