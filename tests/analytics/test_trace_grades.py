"""Grades of runs: a table of hand-made runs with the grades that the published formula gives."""

from typing import Any, NamedTuple

import pytest

from analytics.baselines import UsualFailures, UsualTrace
from analytics.grades import Grade, GradeComponentName
from analytics.trace_grades import Measures, grade_of_trace
from models.targets import Targets
from models.values import Money
from tests.analytics.made_traces import trace

USUAL = UsualTrace(count=270, duration_ms=2_000.0, cost=0.04, tokens_per_second=50.0)
FAILURES = UsualFailures(count=1_000, errors=20)
FEW = UsualFailures(count=10, errors=9)
NONE = Targets()
WANTED = Targets(trace_duration_ms=1_000.0, trace_cost=Money("0.04"), error_rate=0.1, output_tokens_per_second=100.0)


class Case(NamedTuple):
    """A run, what it is held against, and its points for latency, reliability, cost and throughput."""

    run: dict[str, Any]
    points: tuple[float | None, float | None, float | None, float | None] | None
    letter: str | None = None
    usual: UsualTrace | None = USUAL
    failures: UsualFailures = FAILURES
    targets: Targets = NONE


def run(end: float | None = 2_000, **facts: Any) -> dict[str, Any]:
    return trace(end, **({"step_count": 50, "output_tokens": 100, "cost": "0.04"} | facts))


CASES = {
    "as usual": Case(run(), (85, 100, 85, 85), "A"),
    "twice as slow": Case(run(4_000), (60, 100, 85, 60), "C"),
    "four times as slow": Case(run(8_000), (35, 100, 85, 35), "D"),
    "half as long": Case(run(1_000), (100, 100, 85, 100), "A"),
    "a little faster": Case(run(1_800), (88.8, 100, 85, 88.8), "A"),
    "ten times as slow": Case(run(20_000), (2.0, 100, 85, 2.0), "F"),
    "so slow that nothing is left": Case(run(200_000), (0, 100, 85, 0), "F"),
    "twice as dear": Case(run(cost="0.08"), (85, 100, 60, 85), "B"),
    "for free": Case(run(cost="0"), (85, 100, 100, 85), "A"),
    "one of 50 steps failed, as usual": Case(run(error_count=1), (85, 85, 85, 85), "B"),
    "two of 50 steps failed": Case(run(error_count=2), (85, 70, 85, 85), "C"),
    "half of its steps failed": Case(run(error_count=25), (85, 0, 85, 85), "F"),
    "the run failed": Case(run(status="ERROR"), (85, 0, 85, 85), "F"),
    "the run failed without a step": Case(run(status="ERROR", step_count=0), (85, 0, 85, 85), "F"),
    "a run without steps": Case(run(step_count=0), (85, None, 85, 85), "B"),
    "nobody knows its cost": Case(run(cost=None), (85, 100, None, 85), "A"),
    "no tokens": Case(run(output_tokens=0), (85, 100, 85, None), "A"),
    "neither": Case(run(output_tokens=0, cost=None), (85, 100, None, None), "A"),
    "such runs are free": Case(
        run(), (85, 100, None, 85), "A", UsualTrace(count=270, duration_ms=2e3, cost=0, tokens_per_second=50)
    ),
    "failures are not usual": Case(
        run(error_count=1), (85, 70, 85, 85), "C", failures=UsualFailures(count=99, errors=0)
    ),
    "too few steps to say what is usual": Case(run(error_count=1), (85, 70, 85, 85), "C", failures=FEW),
    "just enough steps to say what is usual": Case(
        run(error_count=1), (85, 94, 85, 85), "B", failures=UsualFailures(count=20, errors=1)
    ),
    "a running run": Case(run(None), None),
    "a cancelled run": Case(run(status="CANCELLED"), None),
    "too few such runs": Case(run(), None, usual=None),
    "too few such runs, and it failed": Case(run(status="ERROR"), None, usual=None),
    "the targets are reached": Case(run(1_000, error_count=5), (100, 100, 100, 100), "A", targets=WANTED),
    "twice the targets": Case(run(2_000, error_count=10, cost="0.08"), (75, 75, 75, 75), "C", targets=WANTED),
    "targets, and nothing is usual": Case(run(), (75, 100, 100, 75), "B", None, targets=WANTED),
    "a target for the time alone": Case(
        run(), (75, 100, None, None), "B", None, targets=Targets(trace_duration_ms=1_000.0)
    ),
    "a target for the cost alone": Case(run(), None, None, None, targets=Targets(output_tokens_per_second=9.0)),
    "a target beside what is usual": Case(run(), (100, 100, 85, 85), "A", targets=Targets(trace_duration_ms=9_000.0)),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_run_has_the_known_grade(case: Case) -> None:
    """Each run of the table has the points and the letter that one finds with pen and paper."""
    found = graded(case)
    points = {part.name: part.score for part in found.components} if found else None

    assert points == known(case)
    assert (found and found.letter) == case.letter


def test_an_explanation_has_its_numbers_and_what_would_help() -> None:
    """Each component says what was measured, what it was held against, its points, and what earns a better letter."""
    found = graded(Case(run(4_000, error_count=1, cost="0.01"), None))

    assert found is not None
    assert [part.explanation for part in found.components] == [
        "The run took 4 s; the median of 270 such runs in 7 days is 2 s. 60 points (D); at most 3 s would make it a C.",
        (
            "The run went well, and 1 of its 50 steps failed; of all 1,000 steps of the project in 7 days 2 % failed. "
            "85 points (B); at most 1.3 % would make it an A."
        ),
        "The run cost $0.010; the mean of 270 such runs in 7 days is $0.040. 100 points (A); nothing has to change.",
        (
            "The run wrote 25 output tokens per second; 270 such runs in 7 days wrote 50 output tokens per second. "
            "60 points (D); at least 33 output tokens per second would make it a C."
        ),
    ]


def test_a_failed_run_is_told_what_would_help() -> None:
    """A failed run earns nothing for reliability, whatever its steps did, and the explanation says so."""
    found = graded(Case(run(status="ERROR", targets=WANTED), None))

    assert found is not None
    assert found.components[1].explanation.startswith("The run failed, and 0 of its 50 steps failed; of all")
    assert found.components[1].explanation.endswith("0 points (F); a run that does not fail would earn points here.")


def test_a_grade_says_how_far_to_trust_it() -> None:
    """With few runs to compare with, with parts that nobody knows, confidence is less; targets make it certain."""
    full = graded(Case(run(), None))
    few = graded(Case(run(), None, usual=UsualTrace(count=30, duration_ms=2e3, cost=0.04, tokens_per_second=50)))
    part = graded(Case(run(cost=None), None))
    certain = graded(Case(run(), None, usual=None, targets=WANTED))

    assert [found and found.confidence for found in (full, few, part, certain)] == [0.935, 0.675, 0.755, 1.0]
    assert [found and found.sample_size for found in (full, few, part, certain)] == [270, 30, 270, 1]
    assert full is not None
    assert full.version == 1


def graded(case: Case) -> Grade | None:
    return grade_of_trace(case.run, Measures(targets=case.targets, usual=case.usual, failures=case.failures))


def known(case: Case) -> dict[GradeComponentName, float] | None:
    if case.points is None:
        return None
    return {name: points for name, points in zip(GradeComponentName, case.points, strict=True) if points is not None}
