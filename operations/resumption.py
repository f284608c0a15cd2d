"""Resuming a subscription where another connection left off, whatever its document says about where to begin."""

from __future__ import annotations

from dataclasses import replace

from graphql import (
    ArgumentNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLSchema,
    InlineFragmentNode,
    NameNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    StringValueNode,
    VariableNode,
    Visitor,
    visit,
)

from operations.documents import Prepared

AFTER = "after"


def resumed(schema: GraphQLSchema, prepared: Prepared, cursor: str) -> Prepared:
    """The same subscription, begun after a cursor; unchanged when its field has no argument `after`."""
    document = prepared.document
    begun = _begun(schema, document, prepared.operation.selection_set, cursor)
    operation = replace(prepared.operation, selection_set=begun)
    definitions = tuple(operation if node is prepared.operation else node for node in document.definitions)
    return replace(prepared, document=replace(document, definitions=definitions), operation=operation)


def _begun(
    schema: GraphQLSchema, document: DocumentNode, selections: SelectionSetNode, cursor: str
) -> SelectionSetNode:
    # A subscription has one field, however it is written; of its repetitions the first one's arguments count.
    first, *rest = selections.selections
    return replace(selections, selections=(_changed(schema, document, first, cursor), *rest))


def _changed(schema: GraphQLSchema, document: DocumentNode, node: SelectionNode, cursor: str) -> SelectionNode:
    changed: SelectionNode
    match node:
        case FieldNode():
            changed = _field(schema, node, cursor)
        case InlineFragmentNode():
            changed = replace(node, selection_set=_begun(schema, document, node.selection_set, cursor))
        case FragmentSpreadNode():
            fragment = _fragment(document, node.name.value)
            changed = InlineFragmentNode(
                type_condition=fragment.type_condition,
                directives=node.directives,
                selection_set=_begun(schema, document, fragment.selection_set, cursor),
            )
        case _:
            changed = node
    return changed


def _field(schema: GraphQLSchema, node: FieldNode, cursor: str) -> FieldNode:
    root = schema.subscription_type
    definition = root.fields.get(node.name.value) if root else None
    if definition is None or AFTER not in definition.args:
        return node
    after = ArgumentNode(name=NameNode(value=AFTER), value=StringValueNode(value=cursor))
    others = (argument for argument in node.arguments or () if argument.name.value != AFTER)
    return replace(node, arguments=(*others, after))


def _fragment(document: DocumentNode, name: str) -> FragmentDefinitionNode:
    return next(
        definition
        for definition in document.definitions
        if isinstance(definition, FragmentDefinitionNode) and definition.name.value == name
    )


def only_resumes(document: DocumentNode, variable: str) -> bool:
    """Whether a variable that says where a subscription begins says nothing else in its document."""
    uses = _Uses(variable)
    for definition in document.definitions:
        if isinstance(definition, OperationDefinitionNode | FragmentDefinitionNode):
            visit(definition.selection_set, uses)
    return uses.count == 1


class _Uses(Visitor):
    """Counts where a variable is used."""

    def __init__(self, variable: str) -> None:
        super().__init__()
        self.variable = variable
        self.count = 0

    def enter_variable(self, node: VariableNode, *_: object) -> None:
        self.count += node.name.value == self.variable
