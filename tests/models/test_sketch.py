"""Sketches: every value is within 1 % of what stands for its bucket."""

from hypothesis import given
from hypothesis import strategies as st

from models.sketch import ACCURACY, ZERO, bucket_of, value_of


@given(st.floats(1e-6, 1e12))
def test_value_is_known_within_accuracy(value: float) -> None:
    """A bucket tells its values with at most 1 % of error."""
    assert abs(value_of(bucket_of(value)) - value) <= ACCURACY * value * (1 + 1e-9)


@given(st.floats(0, 1e12), st.floats(0, 1e12))
def test_buckets_are_ordered(one: float, other: float) -> None:
    """A larger value is never in a lower bucket."""
    low, high = sorted((one, other))

    assert bucket_of(low) <= bucket_of(high)


def test_zero_has_a_bucket() -> None:
    """Zero, which has no logarithm, is counted and comes back as zero."""
    assert (bucket_of(0.0), value_of(ZERO)) == (ZERO, 0.0)
