"""The formula of grades: bounded, fair to every improvement, and true to what it says would help."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.grades import (
    LEAST_POINTS,
    RELIABILITY,
    THROUGHPUT,
    WEIGHTS,
    GradeLetter,
    Measured,
    Reference,
    certainty_of,
    grade,
    letter_of,
    score_of,
    value_for,
)
from analytics.trace_grades import COST, LATENCY

amounts = st.floats(1e-6, 1e6)
measured = st.builds(
    Measured,
    scale=st.sampled_from([LATENCY, COST, THROUGHPUT, RELIABILITY]),
    value=amounts,
    told=st.just("It is"),
    reference=st.builds(
        Reference, value=amounts, told=st.just("it was"), certainty=st.floats(0, 1), is_target=st.booleans()
    ),
)


@given(found=measured, factor=st.floats(1, 100))
def test_what_is_better_never_earns_less(found: Measured, factor: float) -> None:
    """Points are between 0 and 100, and never fall when a value gets better."""
    value = found.value * factor if found.scale.more else found.value / factor

    assert 0 <= score_of(found) <= score_of(replace(found, value=value)) <= 100


def test_no_throughput_earns_nothing() -> None:
    """Who writes no tokens at all is infinitely slower than usual."""
    usual = Reference(value=50.0, told="it was", certainty=1.0)

    assert score_of(Measured(scale=THROUGHPUT, value=0.0, told="It is", reference=usual)) == 0


@given(found=measured, letter=st.sampled_from(list(LEAST_POINTS)[:-1]))
def test_the_value_that_would_help_helps(found: Measured, letter: GradeLetter) -> None:
    """The value named for a letter earns its least points."""
    points = LEAST_POINTS[letter]

    assert score_of(replace(found, value=value_for(found, points))) == pytest.approx(points, abs=0.1)


@given(parts=st.lists(measured, max_size=4, unique_by=lambda each: each.scale.name))
def test_a_grade_is_the_mean_of_its_parts(parts: list[Measured]) -> None:
    """The score lies between those of the components, their weights make 1, and the same values get the same grade."""
    found = grade(parts, 50)

    if found is None:
        assert sum(WEIGHTS[part.scale.name] for part in parts) < 0.5
        return
    scores = [part.score for part in found.components]
    assert min(scores) - 0.1 <= found.score <= max(scores) + 0.1
    assert sum(part.weight for part in found.components) == pytest.approx(1, abs=0.001)
    assert 0 <= found.confidence <= 1
    assert found == grade(parts, 50)


@pytest.mark.parametrize(
    ("score", "expected"),
    [(100, "A"), (90, "A"), (89.9, "B"), (80, "B"), (79.9, "C"), (70, "C"), (60, "D"), (59.9, "F"), (0, "F")],
)
def test_letters_begin_where_they_should(score: float, expected: str) -> None:
    """90, 80, 70 and 60 points are the least that A, B, C and D need."""
    assert letter_of(score) == expected


def test_certainty_grows_with_the_number_of_values() -> None:
    """Nothing tells nothing, 30 values half, and no number of them all."""
    assert [round(certainty_of(count), 2) for count in (0, 30, 270, 30_000)] == [0, 0.5, 0.9, 1]
