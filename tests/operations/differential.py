"""Holds the planned executor against graphql-core: `python -m tests.operations.differential <database> <documents>`.

A process of its own, that no coverage is measured of: to trace graphql-core takes as long as to run it. Prints how many
documents were answered by both; a difference is a failure of the property, told by Hypothesis.
"""

from __future__ import annotations

import asyncio
import gc
import sys

from hypothesis import HealthCheck, given, settings
from structlog.testing import capture_logs

from operations.rejection import Rejected
from tests.operations.executors import Executors, comparable, contract_schema, open_executors, without_cost
from tests.operations.questions import Question, questions

VARIATIONS = 40  # to think of a document takes longer than to vary and answer it
REJECTED = 1.02  # so many more are thought of than have to be compared


async def compare(executors: Executors, question: Question) -> int:
    """Ask both; whatever they answer is the same, byte for byte, but for the order of errors and their ids.

    Returns how many documents were compared: none where a repetition made it invalid.
    """
    try:
        planned, reference = await executors.both(question.text, question.variables)
    except Rejected:
        return 0

    if reference.errors:
        assert comparable(planned) == comparable(reference)
    else:
        assert planned.body == reference.body
        assert await executors.by_plan(question.text, question.variables) in (without_cost(reference.body), None)
    return 1


def hold(executors: Executors, runner: asyncio.Runner, documents: int) -> int:
    """Compare the answers to so many documents at least; returns how many it were."""
    ids = (*executors.traces, *executors.steps)
    compared = 0

    @settings(
        max_examples=round(documents * REJECTED / VARIATIONS) + 1,
        deadline=None,
        database=None,
        print_blob=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(asked=questions(contract_schema(), ids, VARIATIONS))
    def both_answer_the_same(asked: list[Question]) -> None:
        nonlocal compared
        for question in asked:
            compared += runner.run(compare(executors, question))

    both_answer_the_same()
    return compared


def main() -> None:
    """Compare before the database that is named."""
    _, database_url, documents = sys.argv
    with capture_logs(), asyncio.Runner() as runner:
        opening = open_executors(database_url)
        executors = runner.run(opening.__aenter__())
        try:
            gc.freeze()
            compared = hold(executors, runner, int(documents))
            sys.stdout.write(f"{compared}\n")
        finally:
            runner.run(opening.__aexit__(None, None, None))


if __name__ == "__main__":
    main()
