"""Plans cover whole documents: each level asked once, only for what is needed, and written as graphql-core would."""

from __future__ import annotations

from typing import Any

import pytest
from graphql import get_introspection_query

from operations.documents import Prepared
from operations.leaves import NullError
from operations.plan import MOST_VARIANTS, Planner
from resolvers.rows import Columns
from tests.fakes.planned import Asked, planned_schema, thing
from tests.operations.planning import PLANNED, by_plan, by_reference, plan_for

EVERYTHING = """
{ one(id: "a") { __typename id name count share done scope scopes tags at cost document tokens { used size } maybe
  parts { label } grid { label owner { id } } mark owner { id owner { name } } } }
"""
FULL = thing(
    "a", parts=[{"label": "x", "id": "p"}], tokens=3, maybe="é \U0001f600", share=None,
    grid=[[{"label": "y", "id": "q"}, None], None, []],
)  # fmt: skip

DOCUMENTS = [
    EVERYTHING,
    "{ listed { id } again: listed { name } }",
    "{ nodes { name __typename ... on Thing { id keeper { id } } ...F } } fragment F on Other { other: id name }",
    "{ nodes { ... on Named { name } ... on Other { id } } }",
    "{ listed { ...A owner { ...A } } } fragment A on Thing { id tokens { used } ...B } fragment B on Thing { name }",
    "{ one(id: 1) { parts { label } owner { count } } one(id: 1) { owner { id } ... { parts { owner { id } } } } }",
    "{ missing: one(id: 0) { id owner { id } } }",
    "{ listed(models: []) { id mark owner { id } } }",
]


@pytest.mark.parametrize("document", DOCUMENTS)
async def test_plan_answers_like_the_reference(document: str) -> None:
    """Merged fields, fragments, aliases, interfaces, lists and nulls give the same bytes."""
    answers: dict[str, Any] = {"a": FULL, "0": None}

    assert await by_plan(document, None, Asked(answers=answers)) == await by_reference(
        document, None, Asked(answers=answers)
    )


async def test_plan_asks_each_edge_once_per_level() -> None:
    """However many rows a level has, an edge gets them all at once, and only rows that are there."""
    asked = Asked()
    await by_plan('{ listed(models: ["a", "none", "c"]) { owner { id owner { id } } mark } }', None, asked)

    questions = [question[:2] for question in asked.asked[1:]]
    assert sorted(questions, key=str) == sorted(
        [
            ("owners", ["a", "none", "c"]),
            ("marks", ["a", "none", "c"]),
            ("owners", ["owner of a", "owner of c"]),
        ],
        key=str,
    )


@pytest.mark.parametrize(
    ("selection", "columns"),
    [
        ("id", {"id"}),
        ("name maybe", {"name", "maybe"}),
        ("__typename", set[str]()),
        ("tokens { used size }", {"tokens", "size"}),
        ("owner { name }", {"id"}),
        ("name ... on Thing { n: name } ...F", {"name", "count"}),
        ("parts { label }", {"parts", "label"}),
        ("name @skip(if: true) id", {"id"}),
    ],
)
async def test_plan_wants_only_the_columns_it_shows(selection: str, columns: set[str]) -> None:
    """A resolver is told which columns its rows need: those shown, and those that the edges below read."""
    asked = Asked()
    fragment = " fragment F on Thing { count }" if "...F" in selection else ""
    await by_plan(f"{{ one(id: 1) {{ {selection} }} }}{fragment}", None, asked)
    wanted: Columns = asked.asked[0][3]

    assert wanted is not None
    assert set(wanted) == columns


@pytest.mark.parametrize(
    ("answers", "document"),
    [
        ({"a": thing("a", name=None)}, '{ one(id: "a") { name } }'),
        ({"a": thing("a", tags=["x", None])}, '{ one(id: "a") { tags } }'),
        ({"a": thing("a", parts=[None])}, '{ one(id: "a") { parts { label } } }'),
        ({"a": thing("none")}, '{ one(id: "a") { keeper { id } } }'),
        ({"a": None}, '{ listed(models: ["a"]) { id } }'),
    ],
)
async def test_plan_refuses_a_null_where_none_may_be(answers: dict[str, Any], document: str) -> None:
    """A null in a non-null place is no answer of a plan, whatever kind of field it is."""
    with pytest.raises(NullError):
        await by_plan(document, None, Asked(answers=answers))


async def test_plan_refuses_answers_that_do_not_fit_the_rows() -> None:
    """An edge that answers for more or fewer rows than it was asked about has mixed them up."""
    asked = Asked(answers={"a": thing("a", scope="NO SCOPE")})

    with pytest.raises(Exception, match="NO SCOPE"):
        await by_plan('{ one(id: "a") { scope } }', None, asked)


@pytest.mark.parametrize(
    "document",
    [
        get_introspection_query(),
        "{ __schema { queryType { name } } one(id: 1) { id } }",
        '{ __type(name: "Thing") { name } }',
        "{ one(id: 1) { id " + " ".join(f"a{number}: name" for number in range(1_000)) + " } }",
    ],
)
def test_plan_leaves_the_rest_to_the_reference(document: str) -> None:
    """Introspection, and documents of more fields than a plan is worth, have none."""
    plan, _ = plan_for(document)

    assert plan is None


async def test_plan_has_a_variant_for_each_condition() -> None:
    """Variables of @skip and @include choose among plans, and each leaves out the columns of what it excludes."""
    document = (
        "query($a: Boolean!, $b: Boolean = false) { one(id: 1) { id name @include(if: $a) maybe @skip(if: $b) } }"
    )
    shown = {}
    for a, b in [(True, True), (True, False), (False, True), (False, False)]:
        asked = Asked()
        variables = {"a": a, "b": b} if b else {"a": a}
        assert await by_plan(document, variables, asked) == await by_reference(document, variables)
        shown[a, b] = asked.asked[0][3] - {"id"}

    assert shown == {
        (True, True): {"name"},
        (True, False): {"name", "maybe"},
        (False, True): set(),
        (False, False): {"maybe"},
    }


def prepared(document: str) -> Prepared:
    return PLANNED.prepare(document, None)


def test_planner_keeps_plans_within_bounds() -> None:
    """Plans are made once and kept; the least recently used ones go when there are too many fields."""
    planner = Planner(planned_schema(), kept_fields=100)
    _, none = plan_for("{ listed { id } }")
    first = planner.plan_of(prepared("{ listed { id } }"), none)
    assert planner.plan_of(prepared("{ listed { id } }"), none) is first

    for number in range(20):
        planner.plan_of(prepared(f"{{ listed {{ a{number}: id }} }}"), none)

    assert len(planner) == 100 // 22
    assert planner.plan_of(prepared("{ listed { id } }"), none) is not first


def test_planner_bounds_the_variants_of_a_document() -> None:
    """Nobody can make us plan one document again and again: what is beyond the bound has no plan."""
    names = [f"v{number}" for number in range(5)]
    declared = ", ".join(f"${name}: Boolean!" for name in names)
    fields = " ".join(f"{name}: name @include(if: ${name})" for name in names)
    document = f"query({declared}) {{ one(id: 1) {{ id {fields} }} }}"
    plans = []
    for number in range(2 ** len(names)):
        variables = {name: bool(number & 1 << place) for place, name in enumerate(names)}
        plans.append(plan_for(document, variables)[0])

    assert sum(plan is not None for plan in plans) == MOST_VARIANTS


def test_planner_leaves_a_condition_without_a_value_to_the_reference() -> None:
    """A condition that is null is a mistake that graphql-core tells."""
    plan, _ = plan_for("query($a: Boolean = true) { one(id: 1) { id @skip(if: $a) } }", {"a": None})

    assert plan is None
