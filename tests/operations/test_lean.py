"""What validation is spared changes nothing about what it says."""

import pytest
from graphql import FieldNode, GraphQLSchema, parse, print_ast, validate, visit
from graphql.language import Visitor

from operations.documents import RULES, Documents
from operations.lean import lean
from operations.limits import Limits
from operations.rejection import Rejected
from schema.contract import contract
from tests.operations.bombs import BOMBS

SCHEMA: GraphQLSchema = contract._schema  # noqa: SLF001  Strawberry has no public way to it
MISTAKES = 100


class _Counter(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.fields = 0

    def enter_field(self, _node: FieldNode, *_: object) -> None:
        self.fields += 1


def fields(document: str) -> tuple[int, int]:
    before, after = _Counter(), _Counter()
    visit(parse(document), before)
    visit(lean(parse(document), SCHEMA, MISTAKES), after)
    return before.fields, after.fields


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ("{ __typename viewer { scopes __typename } }", (4, 1)),
        ("{ traces { nodes { id a: name ... on Trace { tags } ...F } } } fragment F on Trace { id }", (6, 2)),
        ("{ nothing trace { id(x: 1) name @skip(if: true) id { id } steps } }", (7, 7)),
        ("{ node(id: 1) { id ... on Nothing { id } } } fragment F on Nothing { id }", (4, 3)),
        ("subscription { events { cursor } }", (2, 2)),
    ],
)
def test_lean_leaves_out_what_is_plainly_valid(document: str, expected: tuple[int, int]) -> None:
    """Left out are leaves of their types without arguments and directives, and nothing else."""
    assert fields(document) == expected


@pytest.mark.parametrize(
    "document",
    [
        *(text for text, refused in BOMBS.values() if refused in {"", "GRAPHQL_VALIDATION_FAILED"}),
        "{ id trace { id } trace(id: 1) { nothing steps { id } } } query A { a }",
        "query($a: Int, $b: ID!) { trace(id: $b) { id { id } name(first: 1) } traces { id } }",
        "{ trace(id: 1) { ... on Step { id } ...F name @nothing } } fragment F on Step { id } fragment G on No { id }",
        "subscription { events { cursor } other: events { type } }",
        "subscription { ...F } fragment F on Subscription { events { cursor } __typename }",
        "mutation { createTrace { duplicate } createTrace(input: {}) { duplicate nothing } }",
        "{ __schema { types { nothing } } __type { name } viewer }",
    ],
)
def test_validation_says_the_same_about_lean_documents(document: str) -> None:
    """The mistakes of a document are the same, in the same places, whether or not it was made lean."""
    tree = parse(document)
    told = [error.formatted for error in validate(SCHEMA, lean(tree, SCHEMA, MISTAKES + 1), RULES, max_errors=MISTAKES)]

    assert told == [error.formatted for error in validate(SCHEMA, tree, RULES, max_errors=MISTAKES)]


def test_lean_leaves_as_many_mistakes_as_are_told() -> None:
    """Of fields that are not there the first few are enough."""
    tree = parse("{ a b viewer { c d(x: 1) { e } } f }")

    assert print_ast(lean(tree, SCHEMA, 3)) == "{\n  a\n  b\n  viewer {\n    c\n  }\n}"


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ("{ viewer { ... { scopes } ... on Viewer { scopes } } }", "{\n  viewer {}\n}"),
        ("{ ... @skip(if: true) { __typename } }", "{\n  ... @skip(if: true) {}\n}"),
        ("{ ... on Trace { id } }", "{\n  ... on Trace {}\n}"),
    ],
)
def test_lean_leaves_out_fragments_with_nothing_else(document: str, expected: str) -> None:
    """Inline fragments on the type around them go with their fields; the others may be mistakes."""
    assert print_ast(lean(parse(document), SCHEMA, 0)) == expected


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_answered_or_refused_by_name(name: str) -> None:
    """Whatever is made to be expensive is found out, and told by the limit that it meets or the rule that it breaks."""
    document, expected = BOMBS[name]
    told = ""
    try:
        Documents(SCHEMA, Limits()).prepare(document, None)
    except Rejected as rejection:
        told = rejection.errors[0]["extensions"].get("limit", rejection.code)

    assert told == expected
