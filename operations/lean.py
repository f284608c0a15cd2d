"""Documents without what no rule of validation could find fault with: of a long document that is the most."""

from __future__ import annotations

from dataclasses import replace

from graphql import (
    DefinitionNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    NameNode,
    OperationDefinitionNode,
    OperationType,
    SelectionNode,
    SelectionSetNode,
    get_named_type,
    is_leaf_type,
    is_required_argument,
)

TYPENAME = "__typename"


def lean(document: DocumentNode, schema: GraphQLSchema, most_mistakes: int) -> DocumentNode:
    """The document without fields that are plainly valid: leaves of their type, without arguments and directives.

    No rule looks at them but those about merging, and about the one root of a subscription, which therefore keeps all
    of its fields. Nor is anything seen of inline fragments that had nothing else, and whose type is that around them.
    Of fields that are not there only so many are left: more mistakes are not told. What is left keeps its place in the
    text.
    """
    reader = _Reader(schema, most_mistakes)
    return replace(document, definitions=tuple(reader.definition(node) for node in document.definitions))


class _Reader:
    """Leaves fields out, and remembers the plain fields of each type."""

    def __init__(self, schema: GraphQLSchema, most_mistakes: int) -> None:
        self._schema = schema
        self._mistakes_left = most_mistakes
        self._plain: dict[str, frozenset[str]] = {}

    def definition(self, node: DefinitionNode) -> DefinitionNode:
        match node:
            case OperationDefinitionNode(operation=OperationType.SUBSCRIPTION):
                return node
            case OperationDefinitionNode(operation=operation):
                kind: GraphQLNamedType | None = self._schema.get_root_type(operation)
                return replace(node, selection_set=self._selections(node.selection_set, kind))
            case FragmentDefinitionNode(type_condition=condition):
                kind = self._schema.get_type(condition.name.value)
                if kind is self._schema.subscription_type:
                    return node
                return replace(node, selection_set=self._selections(node.selection_set, kind))
            case _:
                return node

    def _selections(self, selections: SelectionSetNode, kind: GraphQLNamedType | None) -> SelectionSetNode:
        if not isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
            return selections
        plain = self._plain_fields(kind)
        kept = [self._selection(node, kind) for node in selections.selections if not _is_plain(node, plain)]
        return replace(selections, selections=tuple(node for node in kept if node))

    def _selection(self, node: SelectionNode, kind: GraphQLObjectType | GraphQLInterfaceType) -> SelectionNode | None:
        match node:
            case FieldNode(name=NameNode(value=name)) if name not in kind.fields and not name.startswith("__"):
                self._mistakes_left -= 1
                return node if self._mistakes_left >= 0 else None
            case FieldNode(selection_set=SelectionSetNode() as inner):
                definition = kind.fields.get(node.name.value)
                below = get_named_type(definition.type) if definition else None
                return replace(node, selection_set=self._selections(inner, below))
            case InlineFragmentNode(selection_set=inner, type_condition=condition):
                below = self._schema.get_type(condition.name.value) if condition else kind
                left = self._selections(inner, below)
                if below is kind and not left.selections and not node.directives:
                    return None
                return replace(node, selection_set=left)
            case _:
                return node

    def _plain_fields(self, kind: GraphQLObjectType | GraphQLInterfaceType) -> frozenset[str]:
        if kind.name not in self._plain:
            leaves = {
                name
                for name, field in kind.fields.items()
                if is_leaf_type(get_named_type(field.type))
                and not any(is_required_argument(argument) for argument in field.args.values())
            }
            self._plain[kind.name] = frozenset({*leaves, TYPENAME})
        return self._plain[kind.name]


def _is_plain(node: SelectionNode, plain: frozenset[str]) -> bool:
    return (
        isinstance(node, FieldNode)
        and node.selection_set is None
        and not node.arguments
        and not node.directives
        and node.name.value in plain
    )
