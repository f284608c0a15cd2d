"""Whether fields of one name can be merged, as section 5.3.2 of the GraphQL specification asks, in bounded time.

graphql-core compares every pair of fields and of fragments, and a short document can keep it busy for seconds. Here the
fields of a level are collected once and each is compared with the first of its name: the relations are equivalences.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLCompositeType,
    GraphQLError,
    GraphQLList,
    GraphQLNonNull,
    GraphQLOutputType,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    get_named_type,
    is_composite_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
    is_object_type,
    print_ast,
)

# Levels are remembered by the fields in them; a document that still has more to look at than this is hostile.
MOST_VISITS = 20_000


class Selected(NamedTuple):
    """A field of a level: the name that answers it, the type it is selected on, and the type that it has."""

    name: str
    parent: GraphQLCompositeType
    node: FieldNode
    type: GraphQLOutputType


class TooManyVisits(Exception):
    """The document has too many different levels to be looked at."""


def conflict(schema: GraphQLSchema, document: DocumentNode, most_visits: int = MOST_VISITS) -> GraphQLError | None:
    """The first two fields that can't be merged, in a document that is valid otherwise; None when there are none.

    Raises TooManyVisits.
    """
    check = _Check(schema, document, most_visits)
    for operation in document.definitions:
        if isinstance(operation, OperationDefinitionNode):
            root = schema.get_root_type(operation.operation)
            fields = check.collected([(root, operation.selection_set)]) if root else []
            found = check.merged(fields)
            if found:
                return found
    return None


class _Check:
    """What was found out about one document so far."""

    def __init__(self, schema: GraphQLSchema, document: DocumentNode, most_visits: int) -> None:
        definitions = document.definitions
        self._schema = schema
        self._fragments = {node.name.value: node for node in definitions if isinstance(node, FragmentDefinitionNode)}
        self._calls: dict[int, tuple[str, str]] = {}
        self._seen: set[tuple[bool, frozenset[int]]] = set()
        self._visits_left = most_visits

    def merged(self, fields: Sequence[Selected]) -> GraphQLError | None:
        """The first conflict among the fields of a level and below them (FieldsInSetCanMerge)."""
        if self._known(fields, only_shape=False):
            return None
        for group in _by_name(fields):
            found = self.shaped(group)
            for together in _overlapping(group):
                found = found or self._same_call(together) or self.merged(self._below(together))
            if found:
                return found
        return None

    def shaped(self, group: Sequence[Selected]) -> GraphQLError | None:
        """The first conflict between the shapes of what one name answers (SameResponseShape)."""
        first = group[0]
        for other in group[1:]:
            if not _same_shape(first.type, other.type):
                return _error(first, other, "they answer values of different types")
        below = self._below(group)
        if self._known(below, only_shape=True):
            return None
        found = (self.shaped(deeper) for deeper in _by_name(below))
        return next((error for error in found if error), None)

    def collected(self, sources: Iterable[tuple[GraphQLCompositeType, SelectionSetNode]]) -> list[Selected]:
        """The fields that these selections have on one level, through fragments, each of which counts once."""
        fields: list[Selected] = []
        spread: set[str] = set()
        for parent, selections in sources:
            fields += self._fields(parent, selections, spread)
        if self._visits_left < 0:
            raise TooManyVisits
        return fields

    def _fields(
        self, parent: GraphQLCompositeType, selections: SelectionSetNode, spread: set[str]
    ) -> Iterator[Selected]:
        self._visits_left -= len(selections.selections)
        plain: set[str] = set()
        for node in selections.selections:
            if isinstance(node, FieldNode):
                if not (node.alias or node.arguments or node.selection_set):
                    if node.name.value in plain:
                        continue  # repeated word for word
                    plain.add(node.name.value)
                definition = self._schema.get_field(parent, node.name.value)
                if definition:
                    yield Selected((node.alias or node.name).value, parent, node, definition.type)
            elif isinstance(node, InlineFragmentNode):
                condition = node.type_condition
                yield from self._fields(
                    self._on(condition.name.value) if condition else parent, node.selection_set, spread
                )
            elif isinstance(node, FragmentSpreadNode) and node.name.value not in spread:
                spread.add(node.name.value)
                fragment = self._fragments[node.name.value]
                yield from self._fields(self._on(fragment.type_condition.name.value), fragment.selection_set, spread)

    def _on(self, name: str) -> GraphQLCompositeType:
        condition = self._schema.get_type(name)
        if not is_composite_type(condition):
            raise LookupError(name)  # a document that is valid otherwise has no such condition
        return condition

    def _below(self, fields: Sequence[Selected]) -> list[Selected]:
        sources = []
        for field in fields:
            inner = get_named_type(field.type)
            if field.node.selection_set and is_composite_type(inner):
                sources.append((inner, field.node.selection_set))
        return self.collected(sources)

    def _same_call(self, together: Sequence[Selected]) -> GraphQLError | None:
        first = together[0]
        for other in together[1:]:
            (name, arguments), (other_name, other_arguments) = self._call(first), self._call(other)
            if name != other_name:
                return _error(first, other, f"{name!r} and {other_name!r} are different fields")
            if arguments != other_arguments:
                return _error(first, other, "they have different arguments")
        return None

    def _call(self, field: Selected) -> tuple[str, str]:
        node = field.node
        key = id(node)
        if key not in self._calls:
            arguments = sorted((argument.name.value, print_ast(argument.value)) for argument in node.arguments or ())
            self._calls[key] = (node.name.value, str(arguments))
        return self._calls[key]

    def _known(self, fields: Sequence[Selected], *, only_shape: bool) -> bool:
        key = (only_shape, frozenset(id(field.node) for field in fields))
        if key in self._seen:
            return True
        self._seen.add(key)
        return False


def _by_name(fields: Iterable[Selected]) -> Iterable[list[Selected]]:
    groups: defaultdict[str, list[Selected]] = defaultdict(list)
    for field in fields:
        groups[field.name].append(field)
    return groups.values()


def _overlapping(group: Sequence[Selected]) -> Iterator[list[Selected]]:
    """Those fields of a name that one object may have to answer at once: of its own type, and of abstract types."""
    abstract = [field for field in group if not is_object_type(field.parent)]
    own: defaultdict[str, list[Selected]] = defaultdict(list)
    for field in group:
        if is_object_type(field.parent):
            own[field.parent.name].append(field)
    if not own:
        yield abstract
    for fields in own.values():
        yield fields + abstract


def _same_shape(one: GraphQLOutputType, other: GraphQLOutputType) -> bool:
    if one is other:
        return True
    if isinstance(one, GraphQLNonNull) or isinstance(other, GraphQLNonNull):
        return is_non_null_type(one) and is_non_null_type(other) and _same_shape(one.of_type, other.of_type)
    if isinstance(one, GraphQLList) or isinstance(other, GraphQLList):
        return is_list_type(one) and is_list_type(other) and _same_shape(one.of_type, other.of_type)
    if is_leaf_type(one) or is_leaf_type(other):
        return one is other
    return True


def _error(one: Selected, other: Selected, why: str) -> GraphQLError:
    message = f"Fields {one.name!r} conflict because {why}. Use aliases to ask for both."
    return GraphQLError(message, [one.node, other.node])
