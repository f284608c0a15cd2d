"""A subscription is resumed after a cursor, however its document is written."""

import pytest
from graphql import build_schema, print_ast

from operations.documents import Documents
from operations.limits import Limits
from operations.resumption import resumed

SCHEMA = build_schema("""
  type Query { a: Int }
  type Subscription { events(after: String, types: [Int]): Int  clock: Int }
""")


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ("subscription { events }", 'subscription { events(after: "c") }'),
        ('subscription { events(after: "b", types: [1]) }', 'subscription { events(types: [1], after: "c") }'),
        ("subscription S($a: String) { e: events(after: $a) }", 'subscription S($a: String) { e: events(after: "c") }'),
        ("subscription { ... { events } }", 'subscription { ... { events(after: "c") } }'),
        (
            "subscription { ...F } fragment F on Subscription { events events }",
            "subscription { ...F } fragment F on Subscription { events events }".replace(
                "...F }", '... on Subscription { events(after: "c") events } }'
            ),
        ),
        ("subscription { clock }", "subscription { clock }"),
    ],
)
def test_resumed_begins_after_the_cursor(document: str, expected: str) -> None:
    """The cursor takes the place of whatever the document says; what can't be resumed stays as it is."""
    prepared = Documents(SCHEMA, Limits()).prepare(document, None)
    after = resumed(SCHEMA, prepared, "c")

    assert " ".join(print_ast(after.document).split()) == expected
    assert after.operation in after.document.definitions
    assert '"c"' not in print_ast(prepared.document)
