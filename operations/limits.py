"""What a document may ask for at most, and the one walk that measures what it does ask for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    NamedTypeNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    get_named_type,
    get_nullable_type,
    is_list_type,
)

from operations.cost import FREE, OBJECT, SOME, Price, Values, size_of, work_of
from operations.rejection import Rejected, refused

INTROSPECTION = ("__schema", "__type")


@dataclass(frozen=True, kw_only=True)
class Limits:
    """The most that one document may have of everything; `errors` bounds what one answer tells about its mistakes."""

    document_bytes: int = 16_384
    tokens: int = 2_000
    # Between parentheses. To validate these takes longest; values that are many belong into variables.
    argument_tokens: int = 1_000
    depth: int = 15
    # Tools ask for types nested in lists in lists; the validation bounds what is really expensive about introspection.
    introspection_depth: int = 25
    aliases: int = 50
    directives: int = 50
    fields: int = 5_000
    operations: int = 50
    # The objects that an operation may answer.
    cost: int = 10_000
    errors: int = 5


class Measures(NamedTuple):
    """What a selection asks for, with each fragment counted as often as it is spread.

    `price` is what it costs, `listed` what it costs besides for each entry of lists whose size the field above says.
    """

    depth: int = 0
    introspection_depth: int = 0
    aliases: int = 0
    directives: int = 0
    fields: int = 0
    price: Price = FREE
    listed: Price = FREE


COMPARED = ("depth", "introspection_depth", "aliases", "directives", "fields")
NOTHING = Measures()
LEAF = Measures(depth=1, fields=1)
ALIASED_LEAF = Measures(depth=1, fields=1, aliases=1)


def check_text(document: str, limits: Limits) -> None:
    """Refuse a text that is too long to be parsed at all. Raises Rejected."""
    size = len(document) if document.isascii() else len(document.encode("utf-8", "surrogatepass"))
    if size > limits.document_bytes:
        raise refused(f"The document is too large: {size} bytes.", "documentBytes", limits.document_bytes)


def check_operations(number: int, limits: Limits) -> None:
    """Refuse a document with too many operations. Raises Rejected."""
    if number > limits.operations:
        raise refused(f"The document has {number} operations.", "operations", limits.operations)


def compare(name: str, actual: int, limits: Limits) -> None:
    """Hold a number against the limit of this name. Raises Rejected, naming the limit."""
    limit = getattr(limits, name)
    if actual > limit:
        raise _exceeded(name, actual, limit)


def check(
    document: DocumentNode, schema: GraphQLSchema, limits: Limits
) -> list[tuple[OperationDefinitionNode, Measures]]:
    """Each operation of a document with its measures. Raises Rejected, naming the limit that one of them exceeds.

    Each fragment is measured once, however often it is spread, so this takes time linear in the length of the document.
    """
    walk = _Walk(document, schema)
    check_operations(len(walk.operations), limits)
    try:
        measured = [(operation, walk.operation(operation)) for operation in walk.operations]
    except RecursionError:
        raise refused("The document is nested too deeply.", "depth", limits.depth) from None
    for _, measures in measured:
        _check_measures(measures, limits)
    return measured


def cost(measures: Measures, values: Values, limits: Limits) -> int:
    """What an operation costs at most with these variables. Raises Rejected when that is too much."""
    actual = measures.price.of(values)
    compare("cost", actual, limits)
    return actual


def _check_measures(measures: Measures, limits: Limits) -> None:
    for name in COMPARED:
        compare(name, getattr(measures, name), limits)
    if not measures.price.open:
        cost(measures, {}, limits)


def _exceeded(name: str, actual: int, limit: int) -> Rejected:
    words = {"introspection_depth": "depth of introspection", "argument_tokens": "number of tokens in arguments"}
    told = words.get(name, name if name in {"depth", "cost"} else f"number of {name}")
    # A chain of fragments multiplies: such a number is told by its magnitude.
    shown = str(actual) if actual < 10**9 else "more than a billion"
    first, *rest = name.split("_")
    wire_name = first + "".join(word.title() for word in rest)
    return refused(f"The {told} of the operation is {shown}; the limit is {limit}.", wire_name, limit)


class _Walk:
    """Measures selections bottom-up and remembers the measures of fragments."""

    def __init__(self, document: DocumentNode, schema: GraphQLSchema) -> None:
        definitions = document.definitions
        self.operations = [node for node in definitions if isinstance(node, OperationDefinitionNode)]
        self._schema = schema
        self._fragments = {node.name.value: node for node in definitions if isinstance(node, FragmentDefinitionNode)}
        self._measured: dict[str, Measures] = {}

    def operation(self, operation: OperationDefinitionNode) -> Measures:
        variables = operation.variable_definitions or ()
        directives = len(operation.directives or ()) + sum(len(variable.directives or ()) for variable in variables)
        measures = self._selections(operation.selection_set, self._schema.get_root_type(operation.operation))
        price = measures.price + measures.listed.times(SOME)
        return measures._replace(directives=measures.directives + directives, price=price, listed=FREE)

    def _selections(self, selections: SelectionSetNode, kind: GraphQLNamedType | None) -> Measures:
        depth = introspection_depth = aliases = directives = fields = 0
        price = listed = FREE
        for node in selections.selections:
            inner = self._selection(node, kind)
            depth = max(depth, inner.depth)
            introspection_depth = max(introspection_depth, inner.introspection_depth)
            aliases += inner.aliases
            directives += inner.directives + len(node.directives or ())
            fields += inner.fields
            if inner.price is not FREE:
                price += inner.price
            if inner.listed is not FREE:
                listed += inner.listed
        return Measures(depth, introspection_depth, aliases, directives, fields, price, listed)

    def _selection(self, node: SelectionNode, kind: GraphQLNamedType | None) -> Measures:
        match node:
            case FieldNode(alias=None, selection_set=None):
                return LEAF
            case FieldNode(selection_set=None):
                return ALIASED_LEAF
            case FieldNode(selection_set=SelectionSetNode() as selections):
                return self._field(node, selections, kind)
            case FragmentSpreadNode():
                return self._fragment(node.name.value)
            case InlineFragmentNode(selection_set=selections, type_condition=condition):
                return self._selections(selections, self._on(condition) if condition else kind)
            case _:
                return NOTHING

    def _field(self, node: FieldNode, selections: SelectionSetNode, kind: GraphQLNamedType | None) -> Measures:
        fields = kind.fields if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType) else {}
        definition = fields.get(node.name.value)
        if definition is None:  # introspection, or a mistake that validation tells
            return _below(node, self._selections(selections, None))
        inner = _below(node, self._selections(selections, get_named_type(definition.type)))
        size, work = size_of(definition, node), work_of(definition)
        if not is_list_type(get_nullable_type(definition.type)):
            return inner._replace(price=OBJECT + work + inner.price + inner.listed.times(size or SOME), listed=FREE)
        entry = OBJECT + inner.price + inner.listed.times(SOME)
        if size is None:
            return inner._replace(price=work, listed=entry)
        return inner._replace(price=work + entry.times(size), listed=FREE)

    def _fragment(self, name: str) -> Measures:
        if name not in self._measured:
            self._measured[name] = NOTHING  # ends a cycle, which validation then refuses
            if name in self._fragments:
                fragment = self._fragments[name]
                measures = self._selections(fragment.selection_set, self._on(fragment.type_condition))
                price, listed = measures.price.shared(), measures.listed.shared()
                self._measured[name] = measures._replace(price=price, listed=listed)
        return self._measured[name]

    def _on(self, condition: NamedTypeNode) -> GraphQLNamedType | None:
        return self._schema.get_type(condition.name.value)


def _below(field: FieldNode, inner: Measures) -> Measures:
    is_introspection = field.name.value in INTROSPECTION
    nested = max(inner.introspection_depth, inner.depth) if is_introspection else inner.introspection_depth
    return Measures(
        depth=0 if is_introspection else inner.depth + 1,
        introspection_depth=nested + 1 if is_introspection or nested else 0,
        aliases=inner.aliases + (field.alias is not None),
        directives=inner.directives,
        fields=inner.fields + 1,
        price=inner.price,
        listed=inner.listed,
    )
