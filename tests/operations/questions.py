"""Documents over the whole query schema: those of hypothesis-graphql, with everything added that they lack."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count
from random import Random
from typing import Any

from graphql import (
    ArgumentNode,
    BooleanValueNode,
    DirectiveNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    ListValueNode,
    NamedTypeNode,
    NameNode,
    NonNullTypeNode,
    NullValueNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    StringValueNode,
    TypeInfo,
    TypeInfoVisitor,
    ValueNode,
    VariableDefinitionNode,
    VariableNode,
    Visitor,
    get_named_type,
    is_leaf_type,
    parse_value,
    print_ast,
    visit,
)
from hypothesis import strategies as st
from hypothesis_graphql import nodes, queries

SCALARS = {
    "Cursor": st.just(nodes.String("MQ")),
    "DateTime": st.just(nodes.String("2026-05-04T03:02:01.123456Z")),
    "Decimal": st.just(nodes.String("0.5")),
    "BigInt": st.just(nodes.Int(5)),
    "UUID": st.just(nodes.String("01980000-0000-7000-8000-000000000000")),
    "JSON": st.just(nodes.String("k")),
}
# What fields that are added are asked with: what they need, and what makes them small.
GROWN = {
    "id": '""',
    "ids": "[]",
    "first": "0",
    "q": "0.5",
    "range": '{start: "2026-05-04T00:00:00Z", end: "2026-05-05T00:00:00Z"}',
}
MOST_GROWN = 4  # fields of one level
ROOM = 20  # fields of a document


@dataclass(kw_only=True)
class Question:
    """A document with the variables to run it with."""

    text: str = ""
    variables: dict[str, Any] = field(default_factory=dict)


@st.composite
def questions(draw: st.DrawFn, schema: GraphQLSchema, ids: Sequence[str], variations: int) -> list[Question]:
    """Valid documents, so many variations of one, about these ids where they ask for one."""
    document: DocumentNode = draw(queries(schema, custom_scalars=SCALARS, print_ast=lambda made: made))
    random = Random(draw(st.integers(0, 2**32)))
    return [enriched(document, schema, ids, random) for _ in range(variations)]


def enriched(document: DocumentNode, schema: GraphQLSchema, ids: Sequence[str], random: Random) -> Question:
    """The document grown, with real ids, small pages, variables, fragments, conditions, aliases and repetitions."""
    types = TypeInfo(schema)
    enrichment = _Enrichment(types, ids, random)
    changed: DocumentNode = visit(document, TypeInfoVisitor(types, enrichment))
    (operation,) = [node for node in changed.definitions if isinstance(node, OperationDefinitionNode)]
    declared = OperationDefinitionNode(
        operation=operation.operation,
        name=NameNode(value="Q"),
        variable_definitions=tuple(enrichment.declared.values()),
        directives=(),
        selection_set=operation.selection_set,
    )
    used = DocumentNode(definitions=(declared, *enrichment.fragments))
    return Question(text=print_ast(used), variables=enrichment.values)


class _Enrichment(Visitor):
    def __init__(self, types: TypeInfo, ids: Sequence[str], random: Random) -> None:
        super().__init__()
        self._types = types
        self._ids = ids
        self._random = random
        self.values: dict[str, Any] = {}
        self.declared: dict[str, VariableDefinitionNode] = {}
        self.fragments: list[FragmentDefinitionNode] = []
        self._aliases = count()
        self._room = ROOM

    def enter_selection_set(self, node: SelectionSetNode, *_: Any) -> SelectionSetNode | None:
        kind = self._types.get_parent_type()
        if not isinstance(kind, GraphQLObjectType | GraphQLInterfaceType) or self._room <= 0:
            return None
        fields = self._random.sample(sorted(kind.fields), min(len(kind.fields), self._random.randrange(MOST_GROWN + 1)))
        return SelectionSetNode(
            selections=(*node.selections, *(self._grown(name, kind.fields[name]) for name in fields))
        )

    def _grown(self, name: str, field: GraphQLField) -> FieldNode:
        """One more field, under an alias, since the same one may be there with other arguments."""
        self._room -= 1
        arguments = [
            ArgumentNode(name=NameNode(value=argument), value=parse_value(value, no_location=True))
            for argument, value in GROWN.items()
            if argument in field.args
        ]
        inner = SelectionSetNode(
            selections=(FieldNode(name=NameNode(value="__typename"), arguments=(), directives=()),)
        )
        return FieldNode(
            alias=NameNode(value=f"g{next(self._aliases)}"),
            name=NameNode(value=name),
            arguments=tuple(arguments),
            directives=(),
            selection_set=None if is_leaf_type(get_named_type(field.type)) else inner,
        )

    def leave_field(self, node: FieldNode, *_: Any) -> FieldNode:
        alias = NameNode(value=f"a{next(self._aliases)}") if self._chance(0.1) else node.alias
        return FieldNode(
            alias=alias,
            name=node.name,
            arguments=self._arguments(node.arguments or ()),
            directives=self._conditions(),
            selection_set=node.selection_set,
        )

    def leave_selection_set(self, node: SelectionSetNode, *_: Any) -> SelectionSetNode:
        selections: list[SelectionNode] = []
        for selection in node.selections:
            selections.append(self._wrapped(selection) if self._chance(0.15) else selection)
            if self._chance(0.05):
                selections.append(selection)
        if self._chance(0.1):
            selections.append(FieldNode(name=NameNode(value="__typename"), arguments=(), directives=self._conditions()))
        return SelectionSetNode(selections=tuple(selections))

    def _wrapped(self, selection: SelectionNode) -> SelectionNode:
        inner = SelectionSetNode(selections=(selection,))
        kind = self._types.get_parent_type()
        condition = NamedTypeNode(name=NameNode(value=kind.name)) if kind else None
        if condition and self._chance(0.5):
            name = NameNode(value=f"F{len(self.fragments)}")
            self.fragments.append(
                FragmentDefinitionNode(name=name, type_condition=condition, directives=(), selection_set=inner)
            )
            return FragmentSpreadNode(name=name, directives=self._conditions())
        return InlineFragmentNode(
            type_condition=condition if self._chance(0.5) else None, directives=self._conditions(), selection_set=inner
        )

    def _conditions(self) -> tuple[DirectiveNode, ...]:
        if not self._chance(0.1):
            return ()
        is_kept = self._chance(0.8)
        name = self._random.choice(("skip", "include"))
        wanted = is_kept is (name == "include")
        value: ValueNode = BooleanValueNode(value=wanted)
        if self._chance(0.5):
            value = self._variable("yes" if wanted else "no", "Boolean", wanted)
        return (
            DirectiveNode(name=NameNode(value=name), arguments=(ArgumentNode(name=NameNode(value="if"), value=value),)),
        )

    def _arguments(self, arguments: Sequence[ArgumentNode]) -> tuple[ArgumentNode, ...]:
        kept = []
        for argument in arguments:
            value = self._value(argument.name.value, argument.value)
            if value is not None:
                kept.append(ArgumentNode(name=argument.name, value=value))
        return tuple(kept)

    def _value(self, name: str, value: ValueNode) -> ValueNode | None:
        if name == "id":
            identity = self._random.choice((*self._ids, "no id"))
            if self._chance(0.3):
                return self._variable(f"id{len(self.declared)}", "ID", identity)
            return StringValueNode(value=identity)
        if name == "ids":
            chosen = self._random.choices((*self._ids, "no id"), k=self._random.randrange(4))
            return ListValueNode(values=tuple(StringValueNode(value=identity) for identity in chosen))
        if name == "range" and self._chance(0.8):
            return parse_value(GROWN["range"], no_location=True)
        if name in {"first", "last"} and not isinstance(value, NullValueNode):
            return None if name == "last" and self._chance(0.8) else self._size()
        return None if name in {"after", "before"} and self._chance(0.95) else value

    def _size(self) -> ValueNode:
        size = self._random.choice((0, 1, 1, 2, 2, 3, 3, 10, 10, 10, 1000))
        if self._chance(0.3):
            return self._variable(f"n{len(self.declared)}", "Int", size)
        return IntValueNode(value=str(size))

    def _variable(self, name: str, kind: str, value: object) -> VariableNode:
        variable = VariableNode(name=NameNode(value=name))
        self.values[name] = value
        self.declared[name] = VariableDefinitionNode(
            variable=variable,
            type=NonNullTypeNode(type=NamedTypeNode(name=NameNode(value=kind))),
            default_value=None,
            directives=(),
        )
        return variable

    def _chance(self, share: float) -> bool:
        return self._random.random() < share
