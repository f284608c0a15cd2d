"""Grades and what they are measured against."""

from __future__ import annotations

from analytics.grades import GradeComponentName, GradeLetter
from models.values import BigInt, Money
from schema.described import enum_of
from schema.row import of_row

for enum in (GradeComponentName, GradeLetter):
    enum_of(enum)


@of_row
class GradeComponent:
    """One part of a grade."""

    name: GradeComponentName
    """What is graded."""
    score: float
    """Its points, 0 to 100."""
    weight: float
    """Its share in the score of the grade; all of them together make 1."""
    value: float | None
    """What was measured."""
    baseline: float | None
    """What it was held against: the project's target if it has one, otherwise what is usual."""
    unit: str
    """In what both are counted."""
    explanation: str
    """Both numbers in a sentence, and which value would bring the next better letter."""


@of_row
class Grade:
    """A letter for how good something is, by a formula that is published with the server's documentation."""

    letter: GradeLetter
    """The letter."""
    score: float
    """Points, 0 to 100: the mean of the components' scores, by weight."""
    version: int
    """The version of the formula. Grades of different versions can't be compared."""
    sample_size: BigInt
    """How many steps it rests on; of a trace, with how many earlier and later runs of its name it was compared."""
    confidence: float
    """How far to trust it, 0 to 1: the part of all weights that was judged, less where few values told."""
    components: list[GradeComponent]
    """What it was made of; what could not be judged is missing."""


@of_row
class Targets:
    """What a project wants to reach. Where a target is missing, grades measure against what is usual."""

    trace_duration_ms: float | None
    """Milliseconds that a trace should take at most."""
    trace_cost: Money | None
    """US dollars that a trace should cost at most."""
    step_duration_ms: float | None
    """Milliseconds that 95 % of steps should take at most."""
    error_rate: float | None
    """The share of steps that may fail, more than 0 and up to 1."""
    cost_per_thousand_tokens: Money | None
    """US dollars that 1,000 tokens should cost at most, input and output together."""
    output_tokens_per_second: float | None
    """Output tokens per second that there should be at least."""
