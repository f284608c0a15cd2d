"""Selections are read as graphql-core reads them, and what decides about them is known beforehand."""

from __future__ import annotations

from typing import Any

import pytest
from graphql import GraphQLObjectType, OperationDefinitionNode, parse
from hypothesis import given, settings
from hypothesis import strategies as st

from operations.selection import Selections, Uncovered, conditions_in, fragments_in
from tests.fakes.planned import planned_schema

DOCUMENT = """
query Q($yes: Boolean!, $no: Boolean!) {
  a: name ...F ... @include(if: $yes) { b: name } ... on Other { c: name } ... on Named { d: name @skip(if: $no) }
  ...F @skip(if: true) ...G e: name @include(if: false)
}
fragment F on Thing { a: name f: name @include(if: $no) ...G }
fragment G on Named { g: name ...F }
fragment Unused on Thing { name @include(if: $unused) }
"""


def fields(document: str, flags: dict[str, bool], kind: str = "Thing") -> dict[str, int]:
    """The response keys that are selected, with how often."""
    tree = parse(document)
    operation = tree.definitions[0]
    assert isinstance(operation, OperationDefinitionNode)
    selections = Selections(schema=planned_schema(), fragments=fragments_in(tree), flags=flags)
    named = planned_schema().get_type(kind)
    assert isinstance(named, GraphQLObjectType)
    return {key: len(nodes) for key, nodes in selections.of(named, [operation.selection_set]).items()}


def test_selections_resolve_fragments_and_conditions() -> None:
    """Fragments are spread once, where their type applies; what a condition excludes is not there."""
    yes = fields(DOCUMENT, {"yes": True, "no": False})
    no = fields(DOCUMENT, {"yes": False, "no": True})

    assert yes == {"a": 2, "g": 1, "b": 1, "d": 1}
    assert no == {"a": 2, "f": 1, "g": 1}
    assert list(yes) == ["a", "g", "b", "d"]


def test_selections_know_interfaces() -> None:
    """A fragment on an interface applies to each type that has it, one on another type does not."""
    assert fields(DOCUMENT, {"yes": True, "no": False}, "Other") == {"a": 1, "b": 1, "c": 1, "d": 1, "g": 1}


def test_conditions_are_those_of_what_is_reached() -> None:
    """Variables of conditions are found through all fragments that are spread, however often, and no others."""
    tree = parse(DOCUMENT)
    operation = tree.definitions[0]
    assert isinstance(operation, OperationDefinitionNode)

    assert conditions_in(operation.selection_set, fragments_in(tree)) == ("no", "yes")


def test_conditions_refuse_other_directives() -> None:
    """A directive that a plan knows nothing of is left to graphql-core."""
    tree = parse("{ a { b @skip(if: true) @other } }")
    operation = tree.definitions[0]
    assert isinstance(operation, OperationDefinitionNode)

    with pytest.raises(Uncovered):
        conditions_in(operation.selection_set, {})


@settings(max_examples=30)
@given(flags=st.tuples(st.booleans(), st.booleans()), names=st.permutations(["skip", "include"]))
def test_both_conditions_have_to_agree(flags: tuple[bool, bool], names: list[Any]) -> None:
    """A field with both directives is there when it is included and not skipped, in either order."""
    values = dict(zip(names, flags, strict=True))
    directives = " ".join(f"@{name}(if: ${name})" for name in names)
    document = f"query Q($skip: Boolean!, $include: Boolean!) {{ a: name {directives} }}"

    assert fields(document, values) == ({"a": 1} if values["include"] and not values["skip"] else {})
