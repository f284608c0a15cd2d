"""Whatever goes wrong in a plan is told by graphql-core, and nothing is written twice."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

import pytest
from msgspec import Raw

from models.errors import Invalid, Unavailable
from operations.answers import Answer
from operations.variables import Sent
from tests.fakes.planned import Asked, thing
from tests.operations.executors import comparable
from tests.operations.planning import PLANNED, REFERENCE, told

WRITES = "mutation { first: write(id: 1) { written owner { id } } second: write(id: 2) { written } }"
KEPT = "mutation { first: write(id: 1) { written keeper { id } } second: write(id: 2) { written } }"


@pytest.mark.parametrize(
    ("document", "asked"),
    [
        ("{ one(id: 1) { id owner { id } } }", Asked(failures={"owners": Invalid("No.", path=["id"])})),
        ("{ listed { id mark } }", Asked(failures={"marks": Invalid("No.")})),
        ("{ listed { id keeper { id } } }", Asked(failures={"owners": Invalid("No.")})),
        ("{ one(id: 1) { id } listed { id } }", Asked(failures={"listed": Invalid("No.")})),
        ("{ a: one(id: 1) { id } b: one(id: 2) { id } }", Asked(failures={"one": ValueError("secret")})),
        ('{ listed(models: ["a", "b"]) { name } }', Asked(answers={"a": thing("a", name=None)})),
        ('{ one(id: "a") { share } }', Asked(answers={"a": thing("a", share=float("nan"))})),
        ('{ one(id: "a") { count } }', Asked(answers={"a": thing("a", count=2**31)})),
        ('{ one(id: "a") { tags } }', Asked(answers={"a": thing("a", tags="text")})),
        ("{ one(id: 1) { mark(top: 2) } }", Asked(answers={"mark": 2**40})),
        (WRITES, Asked(failures={"write": Invalid("No.")})),
        (WRITES, Asked(failures={"owners": ValueError("secret")})),
        (KEPT, Asked(failures={"owners": Invalid("No.")})),
    ],
)
async def test_failures_are_told_like_the_reference_tells_them(document: str, asked: Asked) -> None:
    """Errors, nulls that spread, and bugs that are masked come out the same."""
    planned = await told(PLANNED, document, Asked(failures=asked.failures, answers=asked.answers))
    reference = await told(REFERENCE, document, Asked(failures=asked.failures, answers=asked.answers))

    assert planned == reference
    assert planned[1]


@pytest.mark.parametrize(
    ("document", "failures", "writes"),
    [
        (WRITES, {"owners": Invalid("No.")}, ["1", "2"]),
        (KEPT, {"owners": Invalid("No.")}, ["1"]),
        (WRITES, {"write": Invalid("No.")}, ["1"]),
        (WRITES, {}, ["1", "2"]),
    ],
)
async def test_nothing_is_written_twice(document: str, failures: dict[str, Exception], writes: list[str]) -> None:
    """A mutation whose answer fails is not run again: its fields are asked once, in order, until one has no answer."""
    asked = Asked(failures=failures)
    await told(PLANNED, document, asked)

    assert [question[1] for question in asked.asked if question[0] == "write"] == writes


async def test_values_read_from_their_text_survive_a_failure() -> None:
    """What graphql-core takes over from a plan has the values that were read, for fields asked before and after."""
    document = """mutation($a: ID!, $b: ID!) {
        first: write(id: $a) { written owner { id } } second: write(id: $b) { written } }"""
    sent = Sent({"a": Raw(b'"1"'), "b": Raw(b'"2"'), "more": Raw(b"9" * 2_000)})
    asked = Asked(failures={"owners": Invalid("No.")})
    answer = await PLANNED.run(PLANNED.prepare(document, None), sent, asked)

    assert answer.has_data
    assert [question[1] for question in asked.asked if question[0] == "write"] == ["1", "2"]


async def test_a_mutation_finishes_a_field_before_the_next() -> None:
    """What is read below the first field is read before the second one writes."""
    asked = Asked()
    await told(PLANNED, WRITES, asked)

    assert [question[0] for question in asked.asked] == ["write", "owners", "write"]


async def test_a_query_that_can_not_be_answered_now_is_not_asked_again() -> None:
    """Where the database is away, asking once more would only take longer."""
    asked = Asked(failures={"listed": Unavailable(retry_after=3.0)})
    answer = await PLANNED.run(PLANNED.prepare("{ listed { id } }", None), None, asked)

    assert len(asked.asked) == 1
    assert isinstance(answer.unavailable, Unavailable)
    assert not answer.has_data


async def test_a_bug_in_a_plan_is_logged(logged: list[MutableMapping[str, Any]]) -> None:
    """A failure that is nobody's fault is noticed even if graphql-core finds an answer; faults are not logged here."""
    await told(PLANNED, "query Q { one(id: 1) { id } }", Asked(failures={"one": ValueError("secret")}))
    await told(PLANNED, "{ one(id: 1) { id } }", Asked(failures={"one": Invalid("No.")}))
    abandoned = [line for line in logged if line["event"] == "plan abandoned"]

    assert [line["operation"] for line in abandoned] == ["Q"]


async def collect(document: str, asked: Asked) -> list[Answer]:
    prepared = PLANNED.prepare(document, None)
    return [answer async for several in PLANNED.stream(prepared, None, asked) for answer in several]


@pytest.mark.parametrize("failures", [{}, {"owners": Invalid("No.")}])
async def test_events_are_answered_like_the_reference_answers_them(failures: dict[str, Exception]) -> None:
    """Each event of a subscription is written by the plan, or told by graphql-core when something goes wrong."""
    document = "subscription { thing: happenings(top: 3) { __typename name at owner { id } tokens { used } } }"
    planned = await collect(document, Asked(failures=failures))
    prepared = REFERENCE.prepare(document, None)
    stream = REFERENCE.stream(prepared, None, Asked(failures=failures))
    reference = [answer async for several in stream for answer in several]

    assert [comparable(answer) for answer in planned] == [comparable(answer) for answer in reference]
    assert len(planned) == 3
