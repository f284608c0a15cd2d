"""What a selection asks of one object type: its fields by response key, with fragments and conditions resolved."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from graphql import (
    BooleanValueNode,
    DirectiveNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    NamedTypeNode,
    SelectionNode,
    SelectionSetNode,
    ValueNode,
    VariableNode,
    is_abstract_type,
)

SKIP, INCLUDE = "skip", "include"

Fragments = Mapping[str, FragmentDefinitionNode]
Nodes = Sequence[FieldNode]


class Uncovered(Exception):
    """No plan covers this; the reference executor answers it."""


def fragments_in(document: DocumentNode) -> Fragments:
    """The fragments of a document by their names."""
    return {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}


def conditions_in(selections: SelectionSetNode, fragments: Fragments) -> tuple[str, ...]:
    """The variables that decide, below a selection, what is included, sorted. Raises Uncovered for other directives."""
    found: set[str] = set()
    pending, seen = [selections], set[str]()
    while pending:
        for node in pending.pop().selections:
            found.update(_variables(node.directives))
            if isinstance(node, FragmentSpreadNode):
                name = node.name.value
                if name not in seen:
                    seen.add(name)
                    pending.append(fragments[name].selection_set)
            elif isinstance(node, FieldNode | InlineFragmentNode) and node.selection_set:
                pending.append(node.selection_set)
    return tuple(sorted(found))


@dataclass(frozen=True, kw_only=True)
class Selections:
    """Reads selections of one document; `flags` are the values of the variables that decide what is included."""

    schema: GraphQLSchema
    fragments: Fragments
    flags: Mapping[str, bool]

    def of(self, kind: GraphQLObjectType, sets: Iterable[SelectionSetNode]) -> dict[str, list[FieldNode]]:
        """The fields that are asked of values of this type, those with the same response key together."""
        fields: dict[str, list[FieldNode]] = {}
        visited: set[str] = set()
        for selections in sets:
            for node in self._fields(kind, selections, visited):
                key = (node.alias or node.name).value
                fields.setdefault(key, []).append(node)
        return fields

    def _fields(self, kind: GraphQLObjectType, selections: SelectionSetNode, visited: set[str]) -> Iterator[FieldNode]:
        for node in selections.selections:
            if not self._is_included(node):
                continue
            match node:
                case FieldNode():
                    yield node
                case InlineFragmentNode(type_condition=condition, selection_set=inner):
                    if condition is None or self._applies(condition, kind):
                        yield from self._fields(kind, inner, visited)
                case FragmentSpreadNode():
                    yield from self._spread(kind, node.name.value, visited)

    def _spread(self, kind: GraphQLObjectType, name: str, visited: set[str]) -> Iterator[FieldNode]:
        fragment = self.fragments[name]
        if name not in visited and self._applies(fragment.type_condition, kind):
            visited.add(name)
            yield from self._fields(kind, fragment.selection_set, visited)

    def _applies(self, condition: NamedTypeNode, kind: GraphQLObjectType) -> bool:
        name = condition.name.value
        if name == kind.name:
            return True
        wanted = self.schema.get_type(name)
        return is_abstract_type(wanted) and self.schema.is_sub_type(wanted, kind)

    def _is_included(self, node: SelectionNode) -> bool:
        for directive in node.directives or ():
            value = _condition(directive)
            flag = self.flags[value.name.value] if isinstance(value, VariableNode) else _literal(value)
            if flag is (directive.name.value == SKIP):
                return False
        return True


def sets_of(nodes: Nodes) -> list[SelectionSetNode]:
    """What is selected below these fields."""
    return [node.selection_set for node in nodes if node.selection_set]


def _condition(directive: DirectiveNode) -> ValueNode:
    (argument,) = directive.arguments or ()
    return argument.value


def _literal(value: object) -> bool:
    return isinstance(value, BooleanValueNode) and value.value


def _variables(directives: Iterable[DirectiveNode] | None) -> Iterator[str]:
    for directive in directives or ():
        if directive.name.value not in (SKIP, INCLUDE):
            message = f"the directive @{directive.name.value}"
            raise Uncovered(message)
        value = _condition(directive)
        if isinstance(value, VariableNode):
            yield value.name.value
