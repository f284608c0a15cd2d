"""The variables of a request are read from their text where that gives what graphql-core would give."""

from __future__ import annotations

import msgspec
import pytest

from ingest.drafts import TraceDraft
from operations.documents import Documents, Prepared
from operations.limits import Limits
from operations.variables import Sent
from schema.contract import contract

CREATE = "mutation($input: CreateTraceInput!) { createTrace(input: $input) { duplicate } }"


def prepared(document: str) -> Prepared:
    """The one operation of a document."""
    return Documents(contract._schema, Limits()).prepare(document, None)  # noqa: SLF001  hidden by Strawberry


def read(document: str, **texts: bytes) -> object:
    """The values of the variables; None when graphql-core has to look at them."""
    reader = prepared(document).reader
    values = reader and reader.read(Sent({name: msgspec.Raw(text) for name, text in texts.items()}))
    return values and values.coerced


def test_variables_become_what_resolvers_take() -> None:
    """An input is a draft at once."""
    assert read(CREATE, input=b'{"name": "x"}') == {"input": TraceDraft(name="x", tags=[])}


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        ({}, {"first": 2}),
        ({"first": b"3", "after": b'"c"'}, {"first": 3, "after": "c"}),
        ({"first": b"null"}, {"first": None}),
        ({"unknown": b"1"}, {"first": 2}),
        ({"first": b"3.5"}, None),
        ({"first": b'"3"'}, None),
    ],
)
def test_variables_left_out_have_their_defaults(texts: dict[str, bytes], expected: object) -> None:
    """A default, a null, nothing at all: as graphql-core has it; what it refuses is left to it."""
    document = "query($first: Int = 2, $after: Cursor) { traces(first: $first, after: $after) { totalCount } }"

    assert read(document, **texts) == expected


def test_a_required_variable_is_not_invented() -> None:
    """Without it graphql-core is asked, who says which one is missing."""
    assert read(CREATE) is None
    assert read(CREATE, input=b"null") is None


def test_a_variable_inside_a_json_literal_is_left_to_graphql_core() -> None:
    """There it becomes a part of a literal, and a literal is not made of texts."""
    document = 'mutation($x: Int) { createTrace(input: {name: "x", metadata: {a: $x}}) { duplicate } }'

    assert prepared(document).reader is None


def test_a_variable_inside_an_input_is_read() -> None:
    """Steps in a list of their own are read like those of a whole batch."""
    document = "mutation($t: [CreateTraceInput!]!) { ingest(input: {traces: $t}) { accepted } }"

    assert read(document, t=b'[{"name": "x"}]') == {"t": [TraceDraft(name="x", tags=[])]}


def test_whoever_looks_at_a_value_decodes_it() -> None:
    """The variables are a mapping like any other."""
    sent = Sent({"a": msgspec.Raw(b'{"b": 1}'), "c": msgspec.Raw(b"null")})

    assert dict(sent) == {"a": {"b": 1}, "c": None}
    assert len(sent) == 2
