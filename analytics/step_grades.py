"""Grades of many steps together: a window, a group or a model against what is usual, or against targets."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from analytics.baselines import LEAST
from analytics.grades import (
    RELIABILITY,
    THROUGHPUT,
    Grade,
    GradeComponentName,
    Measured,
    Reference,
    Scale,
    certainty_of,
    grade,
    measured,
)
from analytics.samples import Sample
from analytics.wording import dollars, milliseconds
from models.targets import Targets

LATENCY = Scale(name=GradeComponentName.LATENCY, unit="ms", shown=milliseconds)
COST = Scale(name=GradeComponentName.COST, unit="USD per 1,000 tokens", shown=dollars)
TAIL = 0.95


@dataclass(frozen=True, kw_only=True)
class StepMeasures:
    """The figures of some steps that are graded; None is not known, or known of too few."""

    steps: int
    p95_ms: float | None
    error_rate: float | None
    cost: float | None
    tokens_per_second: float | None


@dataclass(frozen=True, kw_only=True)
class Usual:
    """What steps are held against, and where that comes from, for a sentence: `{}` stands for the value."""

    measures: StepMeasures
    told: str


def step_measures(measures: Mapping[str, Any], durations: Sample | None) -> StepMeasures:
    """The figures to grade among the measures of some steps (see analytics/measures.py)."""
    price = float(measures["cost_per_thousand_tokens"] or 0)
    is_known = durations is not None and durations.count >= LEAST
    return StepMeasures(
        steps=measures["step_count"],
        p95_ms=durations.quantile(TAIL) if durations is not None and is_known else None,
        error_rate=measures["error_rate"],
        cost=price or None,
        tokens_per_second=measures["output_tokens_per_second"] or None,
    )


def median_of(groups: Sequence[StepMeasures]) -> StepMeasures | None:
    """The median of each figure over the groups that have enough steps; None when there are fewer than two."""
    enough = [group for group in groups if group.steps >= LEAST]
    if len(enough) < 2:  # noqa: PLR2004  one has no others beside it
        return None
    return StepMeasures(
        steps=int(_median([group.steps for group in enough]) or 0),
        p95_ms=_median([group.p95_ms for group in enough]),
        error_rate=_median([group.error_rate for group in enough]),
        cost=_median([group.cost for group in enough]),
        tokens_per_second=_median([group.tokens_per_second for group in enough]),
    )


def grade_of_steps(own: StepMeasures, usual: Usual | None, targets: Targets) -> Grade | None:
    """The grade of some steps; None when they are too few, and when there is too little to hold them against."""
    if own.steps < LEAST:
        return None
    if usual is not None and usual.measures.steps < LEAST:
        usual = None
    found = [
        _held(LATENCY, "95 % of the steps took at most {}", own, usual, lambda of: of.p95_ms, targets.step_duration_ms),
        _held(RELIABILITY, "Of the steps {} failed", own, usual, lambda of: of.error_rate, targets.error_rate),
        _held(COST, "1,000 tokens cost {}", own, usual, lambda of: of.cost, targets.cost_per_thousand_tokens),
        _held(
            THROUGHPUT,
            "The steps wrote {}",
            own,
            usual,
            lambda of: of.tokens_per_second,
            targets.output_tokens_per_second,
        ),
    ]
    return grade([each for each in found if each is not None], own.steps)


def _held(
    scale: Scale,
    told: str,
    own: StepMeasures,
    usual: Usual | None,
    value: Callable[[StepMeasures], float | None],
    target: float | str | None,
) -> Measured | None:
    """A figure against its target or against the same figure of what is usual; None when either is not known."""
    measure = value(own)
    if measure is None:
        return None
    reference = None
    if usual is not None and (wanted := value(usual.measures)) is not None:
        certainty = certainty_of(min(own.steps, usual.measures.steps))
        reference = Reference(value=wanted, told=usual.told.format(scale.shown(wanted)), certainty=certainty)
    return measured(scale, measure, told.format(scale.shown(measure)), reference, target, certainty_of(own.steps))


def _median(values: Sequence[float | None]) -> float | None:
    """The lower median of those that are known."""
    known = sorted(value for value in values if value is not None)
    return known[(len(known) - 1) // 2] if known else None
