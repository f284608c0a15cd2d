"""What an operation costs is known before it runs: the objects that its lists may have in them, and never fewer."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import pytest
from graphql import GraphQLSchema, build_schema, parse
from hypothesis import given
from hypothesis import strategies as st

from operations.cost import FREE, ONCE, Price, Size, answered
from operations.engine import engine
from operations.limits import Limits, check, cost
from operations.rejection import Rejected
from schema.contract import contract
from tests.fakes.contract import FakeContext, graphql_schema

SDL = """
  type Query {
    one: Thing
    things(first: Int, last: Int): Things!
    ids(ids: [ID!]!): [Thing]!
    measured(top: Int = 7): Measured!
    loose: [Thing!]!
    named: Named
  }
  interface Named { name: String things(first: Int): Things! }
  type Thing implements Named { name: String part: Part! things(first: Int): Things! }
  type Part { name: String }
  type Things { nodes: [Thing!]! edges: [Edge!]! totalCount: Int! page: Part! }
  type Edge { node: Thing! }
  type Measured { groups: [Group!]! total: Part! }
  type Group { key: [Part!]! }
"""


@cache
def schema() -> GraphQLSchema:
    return build_schema(SDL)


def price(document: str) -> Price:
    [(_, measures)] = check(parse(document), schema(), replace(Limits(), cost=10**30))
    return measures.price


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ("{ __typename }", 0),
        ("{ one { name } }", 1),
        ("{ one { name part { name } } }", 2),
        ("{ things(first: 5) { totalCount } }", 1),
        ("{ things(first: 5) { nodes { name } } }", 1 + 5),
        ("{ things(first: 5) { edges { node { name } } } }", 1 + 5 * 2),
        ("{ things(first: 5) { nodes { part { name } } page { name } } }", 1 + 5 * 2 + 1),
        ("{ things(first: 5) { nodes { things(last: 3) { nodes { name } } } } }", 1 + 5 * (1 + 1 + 20)),
        ("{ things(first: 5) { nodes { things(first: 3) { nodes { name } } } } }", 1 + 5 * (1 + 1 + 3)),
        ("{ things { nodes { name } } }", 1 + 20),
        ("{ things(first: -5) { nodes { name } } }", 1),
        ("{ things(first: 5, last: 8) { nodes { name } } }", 1 + 8),
        ('{ ids(ids: ["a", "b", "c"]) { name } }', 3),
        ("{ measured { groups { key { name } } total { name } } }", 1 + 7 * (1 + 10) + 1),
        ("{ measured(top: 2) { groups { key { name } } } }", 1 + 2 * (1 + 10)),
        ("{ loose { name } }", 10),
        ("{ named { name ... on Thing { part { name } } } }", 2),
        ("{ one { ...F } things(first: 2) { nodes { ...F } } } fragment F on Thing { part { name } }", 2 + 1 + 2 * 2),
        ("{ things(first: 3) { ...F } } fragment F on Things { nodes { name } }", 1 + 3),
        ("{ __schema { types { name } } }", 0),
        ("{ unknown { name } one { unknown { name } } }", 1),
        ("subscription { one { name } }", 0),
    ],
)
def test_an_operation_costs_the_objects_that_it_may_answer(document: str, expected: int) -> None:
    """Each object costs one, times the sizes of all the lists that it is in."""
    assert price(document).of({}) == expected


@pytest.mark.parametrize(
    ("document", "variables", "expected"),
    [
        ("query($n: Int) { things(first: $n) { nodes { name } } }", {"n": 4}, 1 + 4),
        ("query($n: Int) { things(first: $n) { nodes { name } } }", {}, 1 + 20),
        ("query($n: Int) { things(first: $n) { nodes { name } } }", {"n": None}, 1 + 20),
        ("query($n: Int) { things(first: $n, last: 9) { nodes { name } } }", {"n": 4}, 1 + 9),
        ("query($i: [ID!]!) { ids(ids: $i) { part { name } } }", {"i": ["a", "b"]}, 4),
        (
            "query($n: Int, $m: Int) { things(first: $n) { nodes { things(first: $m) { nodes { name } } } } }",
            {"n": 3, "m": 5},
            1 + 3 * (1 + 1 + 5),
        ),
    ],
)
def test_sizes_come_from_variables(document: str, variables: dict[str, Any], expected: int) -> None:
    """A size that a variable says is priced with its value, one without a value by the default of the lists."""
    assert price(document).of(variables) == expected


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ("{ trace(id: 1) { grade { letter } } }", 1 + 5 + 1),
        ("{ trace(id: 1) { criticalPath { share } insights { title } } }", 1 + (40 + 10) + (45 + 10)),
        ("{ traces(first: 50) { nodes { criticalPath { share } } } }", 1 + 50 * (1 + 40 + 10)),
        ("{ traces(first: 50) { nodes { ...F } } } fragment F on Trace { grade { score } }", 1 + 50 * (1 + 5 + 1)),
    ],
)
def test_work_costs_too(document: str, expected: int) -> None:
    """What reads much more than it answers costs its work besides, for every object that has it."""
    [(_, measures)] = check(parse(document), contract._schema, Limits())  # noqa: SLF001  Strawberry has no public way

    assert measures.price.of({}) == expected


def test_fragments_that_multiply_are_priced_in_linear_time() -> None:
    """A hundred fragments that each spread the next one twice are a large number, and no work."""
    links = "".join(
        f"fragment f{i} on Thing {{ ...f{i + 1} things(first: $n) {{ nodes {{ ...f{i + 1} }} }} }} " for i in range(100)
    )
    document = f"query($n: Int) {{ one {{ ...f0 }} }} {links} fragment f100 on Thing {{ part {{ name }} }}"

    with pytest.raises(Rejected) as rejection:
        price(document)

    assert rejection.value.errors[0]["extensions"]["limit"] == "depth"


sizes = st.builds(Size, known=st.none() | st.integers(0, 9), variables=st.just(()) | st.just(("a",)))
prices = st.recursive(
    st.builds(Price, fixed=st.integers(0, 9)),
    lambda inner: st.builds(Price, fixed=st.integers(0, 9), open=st.tuples(st.tuples(sizes, inner))),
    max_leaves=5,
)
values = st.fixed_dictionaries({}, optional={"a": st.none() | st.integers(-3, 9)})


@given(one=prices, other=prices, size=sizes, given=values)
def test_prices_are_numbers_that_wait_for_variables(
    one: Price, other: Price, size: Size, given: dict[str, Any]
) -> None:
    """Whatever is added, multiplied or shared before the variables are known comes to the same as afterwards."""
    assert (one + other).of(given) == one.of(given) + other.of(given)
    assert one.times(size).of(given) == one.of(given) * size.of(given)
    assert one.shared().of(given) == one.of(given)
    assert (one.times(size) + FREE.times(ONCE)).of(given) >= 0


def test_cost_refuses_by_name() -> None:
    """An operation above the budget is refused with the budget and what it would have cost."""
    [(_, measures)] = check(parse("query($n: Int) { things(first: $n) { nodes { name } } }"), schema(), Limits())

    assert cost(measures, {"n": 9_999}, Limits()) == 10_000
    with pytest.raises(Rejected) as rejection:
        cost(measures, {"n": 10_000}, Limits())
    assert rejection.value.errors == [
        {
            "message": "The cost of the operation is 10001; the limit is 10000.",
            "extensions": {"code": "REFUSED", "limit": "cost", "maximum": 10_000},
        }
    ]


def test_a_fixed_cost_is_refused_before_anything_is_validated() -> None:
    """A document that costs too much whatever its variables are is refused before it is validated."""
    with pytest.raises(Rejected) as rejection:
        check(parse("{ things(first: 20000) { nodes { name nothing } } }"), schema(), Limits())

    assert rejection.value.errors[0]["extensions"]["limit"] == "cost"


@pytest.mark.parametrize(
    ("data", "expected"), [(None, 0), ({}, 0), ({"a": {"b": [{}, {"c": {}}, None, 1]}}, 4), ({"a": ["x", [{}]]}, 1)]
)
def test_answered_counts_objects(data: object, expected: int) -> None:
    """What an answer cost is the number of objects in its data."""
    assert answered(data) == expected


async def test_an_operation_within_the_budget_says_what_it_cost() -> None:
    """The answer says what was requested, what was answered, and the limit; above the limit nothing runs."""
    fake = engine(graphql_schema(), limits=replace(Limits(), cost=1))
    answer = await fake.run(fake.prepare("{ nested { depth } }", None), None, FakeContext())

    assert answer.body == b'{"data":{"nested":{"depth":1}},"extensions":{"cost":{"requested":1,"actual":1,"limit":1}}}'
    with pytest.raises(Rejected):
        fake.prepare("{ nested { nested { depth } } }", None)
