"""The planned executor answers as graphql-core does, byte for byte, whatever is asked."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from operations.rejection import Rejected
from tests.operations.executors import Executors, comparable, contract_schema, open_executors, without_cost
from tests.operations.questions import Question, questions

DOCUMENTS = int(os.environ.get("DOCUMENTS", "800"))
VARIATIONS = 8  # to think of a document takes longer than to vary and answer it


@pytest.fixture
async def executors(database_url: str) -> AsyncIterator[Executors]:
    async with open_executors(database_url) as opened:
        yield opened


@pytest.mark.timeout(60 + DOCUMENTS)
@settings(
    max_examples=DOCUMENTS // VARIATIONS,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(data=st.data())
async def test_both_executors_answer_the_same(executors: Executors, data: st.DataObject) -> None:
    """Whatever document of the query schema is run, both executors answer the same bytes; errors in any order."""
    ids = (*executors.traces, *executors.steps)
    for question in data.draw(questions(contract_schema(), ids, VARIATIONS)):
        await compare(executors, question)


async def compare(executors: Executors, question: Question) -> None:
    try:
        planned, reference = await executors.both(question.text, question.variables)
    except Rejected:  # a repetition made it invalid, or it is too large for us
        return

    if reference.errors:
        assert comparable(planned) == comparable(reference)
    else:
        assert planned.body == reference.body
        assert await executors.by_plan(question.text, question.variables) in (without_cost(reference.body), None)
