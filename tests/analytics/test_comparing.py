"""Comparing: the median and the best of several, and silence where nothing can be told."""

import pytest

from analytics.comparing import against_median, best_of, best_overall, median_of, saved


@pytest.mark.parametrize(("values", "place"), [({1: 5.0}, 1), ({1: 5, 2: 3}, 2), ({1: 5, 2: 3, 7: 4}, 7)])
def test_the_median_is_one_of_them(values: dict[int, float], place: int) -> None:
    """Of an odd number the middle one, of an even number the lower of the two in the middle."""
    assert median_of(values) == place


def test_only_what_the_test_can_tell_is_judged() -> None:
    """Each that has a p-value gets a difference, significant below the level of so many comparisons."""
    p_values = {1: 1.0, 2: 0.02, 3: 0.03, 4: None}
    found = against_median({1: 10.0, 2: 5.0, 3: 15.0, 4: 20.0}, saved, lambda place, _: p_values[place])

    assert {place: entry.significant for place, entry in found.items()} == {1: False, 2: False, 3: False}
    assert (found[2].difference, found[1].difference, found[3].difference) == (0.5, 0.0, -0.5)
    assert against_median({2: 5.0, 3: 1.0}, saved, lambda *_: 0.02)[2].significant
    assert against_median({}, saved, lambda *_: 0.0) == {}


def test_the_best_overall_has_the_best_mean_rank() -> None:
    """Ranks are added, equal values share theirs; who lacks a measure that others have is out."""
    latency, errors, price = {1: 1.0, 2: 2.0, 3: 3.0}, {1: 0.5, 2: 0.0, 3: 0.0}, {2: 1.0, 3: 9.0}

    assert best_of(latency) == 1
    assert best_overall([latency, errors]) == 2
    assert best_overall([latency, errors, price]) == 2
    assert best_overall([latency, {}, price]) == 2
    assert best_overall([latency, {4: 1.0}]) is None
    assert best_overall([{}, {}]) is None
    assert best_of({}) is None
