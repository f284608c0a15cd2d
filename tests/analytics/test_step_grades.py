"""Grades of many steps: windows, groups and models with the grades that the published formula gives."""

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pytest

from analytics.grades import GradeComponentName
from analytics.samples import Sample
from analytics.step_grades import StepMeasures, Usual, grade_of_steps, median_of, step_measures
from models.targets import Targets
from models.values import Money

USUAL = StepMeasures(steps=270, p95_ms=200.0, error_rate=0.02, cost=0.01, tokens_per_second=40.0)
SILENT = StepMeasures(steps=270, p95_ms=None, error_rate=None, cost=None, tokens_per_second=None)
NONE = Targets()
WANTED = Targets(step_duration_ms=100.0, error_rate=0.01, cost_per_thousand_tokens=Money("0.01"))


class Case(NamedTuple):
    """Steps, what they are held against, and their points for latency, reliability, cost and throughput."""

    own: StepMeasures
    points: tuple[float | None, float | None, float | None, float | None] | None
    letter: str | None = None
    usual: StepMeasures | None = USUAL
    targets: Targets = NONE


CASES = {
    "as usual": Case(USUAL, (85, 85, 85, 85), "B"),
    "half the time": Case(replace(USUAL, p95_ms=100.0), (100, 85, 85, 85), "A"),
    "twice the price": Case(replace(USUAL, cost=0.02), (85, 85, 60, 85), "B"),
    "half the tokens": Case(replace(USUAL, tokens_per_second=20.0), (85, 85, 85, 60), "B"),
    "no failures": Case(replace(USUAL, error_rate=0.0), (85, 100, 85, 85), "A"),
    "three times the failures": Case(replace(USUAL, error_rate=0.06), (85, 55, 85, 85), "C"),
    "no model calls": Case(replace(USUAL, cost=None, tokens_per_second=None), (85, 85, None, None), "B"),
    "just enough": Case(replace(USUAL, steps=20), (85, 85, 85, 85), "B", usual=replace(USUAL, steps=20)),
    "too few": Case(replace(USUAL, steps=19), None),
    "too few before": Case(USUAL, None, usual=replace(USUAL, steps=19)),
    "nothing before": Case(USUAL, None, usual=None),
    "nothing known": Case(SILENT, None),
    "nothing known before": Case(USUAL, None, usual=SILENT),
    "targets": Case(USUAL, (75, 75, 100, 85), "B", targets=WANTED),
    "targets, and nothing before": Case(USUAL, (75, 75, 100, None), "B", usual=None, targets=WANTED),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_steps_have_the_known_grade(case: Case) -> None:
    """Steps of the table have the points and the letter that one finds with pen and paper."""
    usual = Usual(measures=case.usual, told="before it was {}") if case.usual else None
    found = grade_of_steps(case.own, usual, case.targets)
    points = {part.name: part.score for part in found.components} if found else None

    expected = case.points and zip(GradeComponentName, case.points, strict=True)
    assert points == (expected and {name: score for name, score in expected if score is not None})
    assert (found and found.letter) == case.letter


def test_the_median_is_that_of_each_figure() -> None:
    """The lower median of each figure over the groups that have enough steps; one group has none beside it."""
    groups = [replace(USUAL, p95_ms=float(n), cost=None if n % 2 else n / 100) for n in range(1, 6)]

    assert median_of([*groups, replace(USUAL, steps=3, p95_ms=0.5)]) == replace(USUAL, p95_ms=3.0, cost=0.02)
    assert median_of([replace(USUAL, steps=20), replace(USUAL, steps=20, p95_ms=300.0)]) == replace(USUAL, steps=20)
    assert median_of(groups[:1]) is None
    assert median_of([]) is None


def test_of_too_few_durations_none_is_told() -> None:
    """The tail of a handful of steps that ended is no figure, and a cost of nothing is not known."""
    measures = {"step_count": 40, "error_rate": 0.0, "cost_per_thousand_tokens": "0", "output_tokens_per_second": None}
    few, enough, many = [Sample(values=np.arange(float(n)), cumulative=np.arange(1, n + 1)) for n in (19, 20, 200)]

    assert step_measures(measures, few).p95_ms is None
    assert step_measures(measures, None).p95_ms is None
    assert step_measures(measures, enough) == replace(SILENT, steps=40, p95_ms=18.0, error_rate=0.0)
    assert step_measures(measures, many).p95_ms == 189.0
