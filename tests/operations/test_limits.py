"""Documents that ask for too much are refused, by the name of the limit, before anything is validated or run."""

import pytest
from graphql import get_introspection_query, parse

from operations.cost import Price
from operations.limits import Limits, Measures, check, check_text
from operations.rejection import Rejected
from tests.fakes.contract import graphql_schema


def chain(length: int, spreads: int, fields: str = "hello") -> str:
    """Fragments that each spread the next one several times."""
    links = "".join(f"fragment f{i} on Query {{ {f'...f{i + 1} ' * spreads} }} " for i in range(length))
    return f"{{ ...f0 }} {links} fragment f{length} on Query {{ {fields} }}"


def nested(depth: int) -> str:
    return "{ " + "nested { " * (depth - 1) + "depth" + " }" * depth


def measure(document: str) -> Measures:
    [(_, measures)] = check(parse(document), graphql_schema(), Limits())
    return measures


def refused_limit(document: str, limits: Limits | None = None) -> str:
    with pytest.raises(Rejected) as rejection:
        check(parse(document), graphql_schema(), limits or Limits())
    assert rejection.value.code == "REFUSED"
    return str(rejection.value.errors[0]["extensions"]["limit"])


def test_check_measures_each_operation() -> None:
    """Each operation has its own measures, through inline fragments and spreads."""
    document = """
      query A { a: hello @skip(if: false) ... on Query { nested { nested { depth } } } }
      query B($x: Int @x) @y { ...F }
      fragment F on Query { b: hello c: hello }
    """
    measured = {
        operation.name.value: measures
        for operation, measures in check(parse(document), graphql_schema(), Limits())
        if operation.name
    }

    assert measured == {
        "A": Measures(depth=3, aliases=1, directives=1, fields=4, price=Price(fixed=2)),
        "B": Measures(depth=1, aliases=2, directives=2, fields=2),
    }


def test_check_counts_a_fragment_as_often_as_it_is_spread() -> None:
    """A fragment counts wherever it is spread."""
    assert measure(chain(3, 2)).fields == 8


@pytest.mark.parametrize(
    ("document", "limit"),
    [
        (nested(16), "depth"),
        ("{ " + "".join(f"a{i}: hello " for i in range(51)) + "}", "aliases"),
        ("{ hello " + "@skip(if: false) " * 51 + "}", "directives"),
        (chain(20, 2), "fields"),
        (chain(200, 3), "fields"),
        (chain(6, 2, "a: hello"), "aliases"),
        ("{ __schema { types " + "{ ofType " * 24 + "{ name }" + " }" * 24 + " } }", "introspectionDepth"),
    ],
)
def test_check_refuses_by_the_name_of_the_limit(document: str, limit: str) -> None:
    """What is too deep, too wide or multiplies is refused; the refusal says which limit it meets."""
    assert refused_limit(document) == limit


def test_check_accepts_what_is_just_within() -> None:
    """A limit is the most that is allowed, and the tools' introspection is allowed."""
    assert measure(nested(15)).depth == 15
    assert measure(get_introspection_query()).depth == 0


def test_check_survives_cycles_and_missing_fragments() -> None:
    """Mistakes are left to the validation, which tells them better."""
    assert measure("{ ...A } fragment A on Query { ...A ...B } fragment B on Query { ...A ...C hello }").fields == 1


@pytest.mark.parametrize("document", ["x" * 16_385, "é" * 8_193, "\ud800" * 6_000])
def test_check_text_refuses_what_is_too_long(document: str) -> None:
    """A document is measured in bytes before it is parsed."""
    with pytest.raises(Rejected) as rejection:
        check_text(document, Limits())

    assert rejection.value.errors[0]["extensions"]["limit"] == "documentBytes"


def test_check_text_accepts_what_is_just_within() -> None:
    """A document of exactly the limit passes."""
    check_text("é" * 8_192, Limits())
