"""Grades, version 1: a letter from a formula over latency, reliability, cost and throughput.

The formula stands in docs/reference/grades.md.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from analytics.wording import number, percent

VERSION = 1
BEST = 100.0
PAR = 85.0  # points for what is usual
DOUBLING = 25.0  # points that being twice as good brings, or twice as bad costs
TOLERATED = 0.01  # the share of failures that is usual at least
FAILURES = 15.0  # points that failures cost which are as many as usual
LEAST_WEIGHT = 0.5  # of all weights; with less there is no grade
CERTAIN = 30  # so many values make half a certainty


class GradeComponentName(StrEnum):
    """What is graded."""

    LATENCY = "LATENCY"
    """How long it takes."""
    RELIABILITY = "RELIABILITY"
    """How much of it fails."""
    COST = "COST"
    """What it costs."""
    THROUGHPUT = "THROUGHPUT"
    """How fast tokens come."""


class GradeLetter(StrEnum):
    """How good something is."""

    A = "A"
    """90 points or more: better than usual, or as good as the target."""
    B = "B"
    """80 points or more: as usual."""
    C = "C"
    """70 points or more."""
    D = "D"
    """60 points or more."""
    F = "F"
    """Less than 60 points."""


LEAST_POINTS = {GradeLetter.A: 90, GradeLetter.B: 80, GradeLetter.C: 70, GradeLetter.D: 60, GradeLetter.F: 0}
WEIGHTS = {
    GradeComponentName.LATENCY: 0.35,
    GradeComponentName.RELIABILITY: 0.35,
    GradeComponentName.COST: 0.20,
    GradeComponentName.THROUGHPUT: 0.10,
}


@dataclass(frozen=True, kw_only=True)
class Scale:
    """How the values of a component are counted, written and compared; `more` is whether more is better."""

    name: GradeComponentName
    unit: str
    shown: Callable[[float], str]
    more: bool = False


@dataclass(frozen=True, kw_only=True)
class Reference:
    """What a value is held against: what is usual, or a target.

    `told` says where it comes from, for a sentence; `certainty`, 0 to 1, how far it can be trusted.
    """

    value: float
    told: str
    certainty: float
    is_target: bool = False


@dataclass(frozen=True, kw_only=True)
class Measured:
    """A value to grade, and what it is held against; `told` says it, for a sentence. `failed` brings no points."""

    scale: Scale
    value: float
    told: str
    reference: Reference
    failed: bool = False


def speed(value: float) -> str:
    """A number of output tokens per second."""
    return f"{number(value)} output tokens per second"


RELIABILITY = Scale(name=GradeComponentName.RELIABILITY, unit="share of steps", shown=percent)
THROUGHPUT = Scale(name=GradeComponentName.THROUGHPUT, unit="output tokens per second", shown=speed, more=True)


@dataclass(frozen=True, kw_only=True)
class Component:
    """One graded value; `weight` is its share in the grade."""

    name: GradeComponentName
    score: float
    weight: float
    value: float
    baseline: float
    unit: str
    explanation: str


@dataclass(frozen=True, kw_only=True)
class Grade:
    """A letter, and where it comes from."""

    letter: GradeLetter
    score: float
    version: int
    sample_size: int
    confidence: float
    components: Sequence[Component]


def measured(
    scale: Scale, value: float, told: str, usual: Reference | None, target: float | str | None, certainty: float = 1.0
) -> Measured | None:
    """A value held against a target if there is one, otherwise against what is usual; None if that is unknown too.

    `certainty` is how far the value itself can be trusted.
    """
    if target is not None:
        wanted = float(target)
        told_target = f"the target is {scale.shown(wanted)}"
        usual = Reference(value=wanted, told=told_target, certainty=certainty, is_target=True)
    if usual is None or (usual.value <= 0 and not _is_rate(scale)):
        return None
    return Measured(scale=scale, value=value, told=told, reference=usual)


def grade(judged: Sequence[Measured], sample_size: int) -> Grade | None:
    """The grade of some values; None when they have less than half of all weight.

    The score is the mean of the components' scores, by weight; the confidence is the part of all weights that was
    judged, each by the certainty of what it was held against.
    """
    weight = sum(WEIGHTS[each.scale.name] for each in judged)
    if weight < LEAST_WEIGHT:
        return None
    components = [_component(each, WEIGHTS[each.scale.name] / weight) for each in judged]
    score = round(sum(part.score * part.weight for part in components), 1)
    return Grade(
        letter=letter_of(score),
        score=score,
        version=VERSION,
        sample_size=sample_size,
        confidence=round(sum(WEIGHTS[each.scale.name] * each.reference.certainty for each in judged), 3),
        components=components,
    )


def certainty_of(count: int) -> float:
    """How far what so many values tell can be trusted, 0 to 1."""
    return count / (count + CERTAIN)


def letter_of(score: float) -> GradeLetter:
    """The letter for so many points."""
    return next(letter for letter, least in LEAST_POINTS.items() if score >= least)


def score_of(found: Measured) -> float:
    """Points, 0 to 100.

    Reaching a target brings 100, what is usual 85; twice as good brings 25 more, twice as bad 25 less. A share of
    failures costs 15 points for each time that it holds what is usual; there, 1 % is usual at least.
    """
    if found.failed:
        return 0.0
    reference = found.reference
    if _is_rate(found.scale) and not reference.is_target:
        points = BEST - FAILURES * found.value / max(reference.value, TOLERATED)
    else:
        ratio = _ratio(found)
        par = BEST if reference.is_target else PAR
        points = BEST if ratio <= 0 else par - DOUBLING * math.log2(ratio)
    return round(min(max(points, 0.0), BEST), 1)


def value_for(found: Measured, points: float) -> float:
    """The value that would bring so many points."""
    reference = found.reference
    if _is_rate(found.scale) and not reference.is_target:
        return max(reference.value, TOLERATED) * (BEST - points) / FAILURES
    ratio = 2 ** (((BEST if reference.is_target else PAR) - points) / DOUBLING)
    return reference.value / ratio if found.scale.more else reference.value * ratio


def row_of(found: Grade | None) -> Mapping[str, Any] | None:
    """A grade as a row."""
    return None if found is None else vars(found) | {"components": [vars(part) for part in found.components]}


def _is_rate(scale: Scale) -> bool:
    """Whether values are shares of failures, of which none at all is usual where things go well."""
    return scale.name is GradeComponentName.RELIABILITY


def _ratio(found: Measured) -> float:
    """How many times as bad the value is as its reference."""
    if not found.scale.more:
        return found.value / found.reference.value
    return found.reference.value / found.value if found.value > 0 else math.inf


def _component(found: Measured, weight: float) -> Component:
    score = score_of(found)
    return Component(
        name=found.scale.name,
        score=score,
        weight=round(weight, 4),
        value=found.value,
        baseline=found.reference.value,
        unit=found.scale.unit,
        explanation=f"{found.told}; {found.reference.told}. {_verdict(found, score)}",
    )


def _verdict(found: Measured, score: float) -> str:
    """The points, and what would bring a better letter."""
    letter = letter_of(score)
    told = f"{score:.0f} points ({letter})"
    if found.failed:
        return f"{told}; a run that does not fail would earn points here."
    better = [name for name, least in LEAST_POINTS.items() if least > LEAST_POINTS[letter]]
    if not better:
        return f"{told}; nothing has to change."
    bound = "at least" if found.scale.more else "at most"
    aim = found.scale.shown(value_for(found, LEAST_POINTS[better[-1]]))
    return f"{told}; {bound} {aim} would make it {'an' if better[-1] is GradeLetter.A else 'a'} {better[-1]}."
