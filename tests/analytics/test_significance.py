"""Significance: known p-values, and silence about small samples."""

import math
import random

import numpy as np
import pytest

from analytics.samples import Sample
from analytics.significance import Ratio, level_for, proportion_test, rank_test, ratio_test


def sample(values: list[float]) -> Sample:
    return Sample(values=np.sort(np.array(values)), cumulative=np.arange(1, len(values) + 1))


def test_rank_test_has_the_p_value_of_the_formula() -> None:
    """Of 1..20 against 11..30, all but ten of each in common, the p-value is that of the tables."""
    one, other = [float(n) for n in range(1, 21)], [float(n) for n in range(11, 31)]
    u = sum((a > b) + (a == b) / 2 for a in one for b in other)
    variance = 400 / 12 * (41 - 10 * 6 / (40 * 39))
    expected = math.erfc(abs(u - 200) / math.sqrt(variance) / math.sqrt(2))

    found = rank_test(sample(one), sample(other))
    assert found is not None
    assert math.isclose(expected, found)


def test_rank_test_sees_no_difference_in_chance() -> None:
    """Of many pairs of samples of one distribution about one in twenty is below 0.05."""
    rng = random.Random(7)
    draw = [[rng.lognormvariate(3, 1) for _ in range(40)] for _ in range(1000)]
    found = [rank_test(sample(one), sample(other)) for one, other in zip(draw[::2], draw[1::2], strict=True)]

    assert 10 <= sum(p is not None and p < 0.05 for p in found) <= 40


def test_proportion_test_has_a_known_p_value() -> None:
    """15 of 100 against 30 of 100: z is 2.54, p is 0.011."""
    assert proportion_test(15, 100, 30, 100) == pytest.approx(0.0111, abs=2e-4)


def ratio(above: list[float], below: list[float]) -> Ratio:
    return Ratio(above=np.array(above), below=np.array(below))


def test_ratio_test_has_the_p_value_of_the_formula() -> None:
    """The variance of the difference is that of a jackknife written out block by block."""
    rng = random.Random(3)
    one = [(rng.uniform(9, 11), rng.uniform(4, 5)) for _ in range(24)]
    other = [(rng.uniform(10, 12), rng.uniform(4, 5)) for _ in range(24)]

    def difference(without: int | None) -> float:
        kept = [place for place in range(24) if place != without]
        shares = [sum(of[place][0] for place in kept) / sum(of[place][1] for place in kept) for of in (one, other)]
        return shares[0] - shares[1]

    left = [difference(place) for place in range(24)]
    variance = 23 / 24 * sum((value - sum(left) / 24) ** 2 for value in left)
    expected = math.erfc(abs(difference(None)) / math.sqrt(variance) / math.sqrt(2))

    found = ratio_test(ratio(*map(list, zip(*one, strict=True))), ratio(*map(list, zip(*other, strict=True))))
    assert found == pytest.approx(expected)


def test_ratio_test_sees_no_difference_in_chance() -> None:
    """Of many pairs of series of one distribution about one in twenty is below 0.05."""
    rng = np.random.default_rng(7)
    tokens, prices = rng.lognormal(5, 1, (1000, 40)), rng.lognormal(0, 0.5, (1000, 40))
    series = [ratio(list(t * p), list(t)) for t, p in zip(tokens, prices, strict=True)]
    found = [ratio_test(one, other) for one, other in zip(series[::2], series[1::2], strict=True)]

    assert 10 <= sum(p is not None and p < 0.05 for p in found) <= 50


def test_constant_prices_differ_or_they_do_not() -> None:
    """Where each block has the same ratio there is nothing of chance in it; what adding floats leaves is none."""
    tokens = [0.1 * number for number in range(1, 31)]
    dear, cheap = ([price * number for number in tokens] for price in (3.0, 1.0))

    assert ratio_test(ratio(dear, tokens), ratio(cheap, tokens)) == pytest.approx(0.0)
    assert ratio_test(ratio([3.0] * 20, [1.0] * 20), ratio([2.0] * 20, [1.0] * 20)) == 0.0
    assert ratio_test(ratio(dear, tokens), ratio(dear[::-1], tokens[::-1])) == 1.0


def test_small_samples_tell_nothing() -> None:
    """Below twenty of either there is no p-value."""
    assert proportion_test(0, 19, 19, 500) is None
    assert rank_test(sample([1.0] * 19), sample([2.0] * 500)) is None
    assert ratio_test(ratio([1.0] * 19 + [0.0], [1.0] * 19 + [0.0]), ratio([2.0] * 20, [1.0] * 20)) is None


def test_equal_values_are_no_difference() -> None:
    """Where all values are the same, there is nothing that chance would not explain."""
    assert rank_test(sample([1.0] * 20), sample([1.0] * 20)) == 1.0
    assert proportion_test(0, 20, 0, 20) == 1.0
    assert proportion_test(20, 20, 20, 20) == 1.0


def test_many_comparisons_need_more() -> None:
    """The level is divided by the number of comparisons."""
    assert (level_for(0), level_for(1), level_for(10)) == (0.05, 0.05, 0.005)
