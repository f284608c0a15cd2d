"""Resolvers get the arguments that Strawberry and graphql-core would give them, wherever these come from."""

from __future__ import annotations

from typing import Any

import pytest

from operations.leaves import NullError
from resolvers.pages import Direction
from resolvers.steps import StepOrder, StepOrderField
from tests.fakes.planned import Asked
from tests.operations.planning import by_plan, by_reference

DURATION = StepOrderField.DURATION
ASCENDING = StepOrder(field=DURATION, direction=Direction.ASC)
DESCENDING = StepOrder(field=DURATION)

CASES: list[tuple[str, dict[str, Any], tuple[Any, ...]]] = [
    ('{ one(id: "a") { id } }', {}, ("a", 3)),
    ("{ one(id: 12, top: null) { id } }", {}, ("12", None)),
    ("query($id: ID!, $top: Int) { one(id: $id, top: $top) { id } }", {"id": 5}, ("5", 3)),
    ("query($id: ID!, $top: Int) { one(id: $id, top: $top) { id } }", {"id": "a", "top": None}, ("a", None)),
    ('query($id: ID! = "b", $top: Int = 4) { one(id: $id, top: $top) { id } }', {}, ("b", 4)),
    ("{ listed { id } }", {}, (None, None)),
    ('{ listed(models: "a") { id } }', {}, (["a"], None)),
    ("query($m: [String!]) { listed(models: $m) { id } }", {"m": "b"}, (["b"], None)),
    ('query($m: String!) { listed(models: ["a", $m]) { id } }', {"m": "b"}, (["a", "b"], None)),
    ("{ listed(orderBy: {field: DURATION}) { id } }", {}, (None, DESCENDING)),
    ("query($o: StepOrder) { listed(orderBy: $o) { id } }", {}, (None, None)),
    ("query($o: StepOrder) { listed(orderBy: $o) { id } }", {"o": {"field": "DURATION"}}, (None, DESCENDING)),
    (
        "query($d: OrderDirection!) { listed(orderBy: {field: DURATION, direction: $d}) { id } }",
        {"d": "ASC"},
        (None, ASCENDING),
    ),
    (
        "query($d: OrderDirection = ASC) { listed(orderBy: {field: DURATION, direction: $d}) { id } }",
        {},
        (None, ASCENDING),
    ),
    ("query($f: StepOrderField!) { listed(orderBy: {field: $f}) { id } }", {"f": "DURATION"}, (None, DESCENDING)),
]


@pytest.mark.parametrize(("document", "variables", "expected"), CASES)
async def test_arguments_are_those_of_the_reference(
    document: str, variables: dict[str, Any], expected: tuple[Any, ...]
) -> None:
    """Literals, defaults, variables, and variables inside literals arrive as they do through graphql-core."""
    planned, reference = Asked(), Asked()
    await by_plan(document, variables, planned)
    await by_reference(document, variables, reference)

    assert [question[1:-1] for question in planned.asked] == [expected]
    assert [question[1:-1] for question in reference.asked] == [expected]


async def test_arguments_of_each_run_are_its_own() -> None:
    """What one run gives does not stay for the next."""
    document = "query($id: ID!, $top: Int) { one(id: $id, top: $top) { id mark(top: $top) } }"
    asked = Asked()
    for variables in ({"id": "a", "top": 1}, {"id": "bb"}, {"id": "ccc", "top": 2}):
        await by_plan(document, variables, asked)

    assert [question[1:3] for question in asked.asked if question[0] == "one"] == [("a", 1), ("bb", 3), ("ccc", 2)]
    assert [question[2] for question in asked.asked if question[0] == "marks"] == [1, 0, 2]


async def test_arguments_refuse_a_null_where_none_may_be() -> None:
    """A nullable variable may stand for a required argument with a default, but must not bring null."""
    with pytest.raises(NullError):
        await by_plan("query($top: Int = 1) { one(id: 1) { mark(top: $top) } }", {"top": None})
