"""The public contract, held by its rules; and the rules, each seen red."""

import pytest
from graphql import GraphQLSchema, build_schema

from schema.contract import contract
from tests.house.contract import departures, undescribed
from tests.house.sources import ROOT

PROMISE = ROOT.parent / "shared" / "contract" / "schema.graphql"
SNAPSHOT = ROOT / "schema" / "schema.graphql"

DESCRIBED = """
"A root." type Query {
  "A trace." trace("Its id." id: ID!): Trace
}
"A run." type Trace { "Its name." name: String! "How it stands." status: Status }
"How a run stands." enum Status { "It went well." OK }
"A set." input Filter { "Its name." name: String }
"An instant." scalar DateTime
"""


@pytest.fixture(scope="module")
def snapshot() -> GraphQLSchema:
    return build_schema(SNAPSHOT.read_text())


def test_the_snapshot_is_what_is_served() -> None:
    """Whoever reads schema/schema.graphql reads what the server serves; `scripts/schema` writes it anew."""
    assert SNAPSHOT.read_text() == contract.as_str() + "\n"


def test_every_element_is_described(snapshot: GraphQLSchema) -> None:
    """A stranger finds words at every type, field, argument, input and enum value."""
    assert not undescribed(snapshot)


@pytest.mark.skipif(not PROMISE.exists(), reason="the promised contract is not beside this checkout")
def test_the_contract_is_kept(snapshot: GraphQLSchema) -> None:
    """What we serve has the type and the nullability that was promised."""
    assert not departures(snapshot, build_schema(PROMISE.read_text()))


def test_a_described_schema_passes() -> None:
    """A schema with words at every element is not told."""
    assert undescribed(build_schema(DESCRIBED)) == []


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ('"A root."', "Query"),
        ('"A trace."', "Query.trace"),
        ('"Its id."', "Query.trace(id)"),
        ('"A run."', "Trace"),
        ('"How it stands."', "Trace.status"),
        ('"How a run stands."', "Status"),
        ('"It went well."', "Status.OK"),
        ('"A set."', "Filter"),
        ('"An instant."', "DateTime"),
    ],
)
def test_an_element_without_words_is_told(words: str, expected: str) -> None:
    """A missing description is told by the coordinate of its element."""
    assert undescribed(build_schema(DESCRIBED.replace(words, ""))) == [expected]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("name: String!", "name: String", "Trace.name is String, promised was String!"),
        ("id: ID!", "id: String!", "Query.trace(id) is String!, promised was ID!"),
        ("): Trace", "): [Trace]", "Query.trace is [Trace], promised was Trace"),
        ("name: String }", "name: Int }", "Filter.name is Int, promised was String"),
        ("name: String }", "name: String kind: Int! }", "Filter.kind is required, and was not promised"),
        ("id: ID!", "id: ID! at: Int!", "Query.trace(at) is required, and was not promised"),
        ('enum Status { "It went well." OK }', "scalar Status", "Status is scalar, promised was enum"),
    ],
)
def test_a_departure_from_the_promise_is_told(before: str, after: str, expected: str) -> None:
    """Another type, another nullability and a new requirement are told."""
    ours = build_schema(DESCRIBED.replace(before, after))

    assert departures(ours, build_schema(DESCRIBED)) == [expected]


def test_an_addition_is_no_departure() -> None:
    """What a schema has beyond the promise, and what it does not have yet, contradicts nothing."""
    ours = build_schema(DESCRIBED.replace("name: String }", "size: Int kind: Int! = 1 }"))

    assert departures(ours, build_schema(DESCRIBED)) == []
