"""Samples: sketches add up in any order, and quantiles are within 1 % of those of the values."""

import struct
from collections import Counter
from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from analytics.samples import Sample, sample_of
from models.sketch import ACCURACY, bucket_of

values = st.lists(st.just(0.0) | st.floats(1e-6, 1e9), min_size=1, max_size=60)


def packed(sketch: Mapping[int, int]) -> bytes:
    """A sketch as it is stored."""
    return b"".join(struct.pack(">iq", *entry) for entry in sketch.items())


def sketched(numbers: list[float]) -> bytes:
    return packed(Counter(bucket_of(number) for number in numbers))


def pairs(sample: Sample) -> list[tuple[float, int]]:
    return [(float(value), int(count)) for value, count in zip(sample.values, sample.counts, strict=True)]


@given(values, st.floats(0, 1))
def test_quantiles_are_within_the_accuracy(numbers: list[float], q: float) -> None:
    """Any quantile read from a sketch is at most 1 % from that of the values."""
    expected = sorted(numbers)[int(q * (len(numbers) - 1))]
    found = sample_of([sketched(numbers)], []).quantile(q)

    assert found is not None
    assert abs(found - expected) <= ACCURACY * expected * (1 + 1e-9)


@given(values, values)
def test_sketches_add_and_subtract(one: list[float], other: list[float]) -> None:
    """Adding two sketches is sketching both lists; taking one away again leaves the other."""
    both = sample_of([sketched(one), sketched(other)], [])
    taken = packed({index: -count for index, count in Counter(bucket_of(number) for number in other).items()})

    assert pairs(both) == pairs(sample_of([sketched(other + one)], []))
    assert pairs(sample_of([sketched(one)], [])) == pairs(sample_of([sketched(one), sketched(other), taken], []))
