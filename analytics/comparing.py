"""Comparing: the values of several models side by side, which one is the best, and how each differs from the median."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from analytics.significance import level_for


@dataclass(frozen=True, kw_only=True)
class Difference:
    """How one model differs from another, and whether that is more than chance."""

    difference: float
    p_value: float
    significant: bool


def median_of(values: Mapping[int, float]) -> int:
    """Which place holds the median of the values, the lower one of two."""
    ordered = sorted(values, key=lambda place: (values[place], place))
    return ordered[(len(ordered) - 1) // 2]


def against_median(
    values: Mapping[int, float],
    difference: Callable[[float, float], float],
    test: Callable[[int, int], float | None],
) -> dict[int, Difference]:
    """How each differs from the place of the median; nothing of those that the test can't tell."""
    if not values:
        return {}
    middle, level = median_of(values), level_for(len(values) - 1)
    tested = {place: test(place, middle) for place in values}
    return {
        place: Difference(
            difference=difference(values[place], values[middle]), p_value=p_value, significant=p_value < level
        )
        for place, p_value in tested.items()
        if p_value is not None
    }


def saved(own: float, median: float) -> float:
    """The share of the median that is saved."""
    return (median - own) / median if median else 0.0


def best_of(values: Mapping[int, float]) -> int | None:
    """Which place has the least value, the first one of several."""
    return min(values, key=lambda place: (values[place], place), default=None)


def best_overall(measures: Sequence[Mapping[int, float]]) -> int | None:
    """Which place has the best mean rank over the measures that any place has, of the places that have all of them.

    Of each measure less is better; equal values share the mean of their ranks (Borda count).
    """
    told = [values for values in measures if values]
    if not told:
        return None
    complete = set.intersection(*(set(values) for values in told))
    return best_of({place: sum(_rank(place, values, complete) for values in told) for place in complete})


def _rank(place: int, values: Mapping[int, float], among: set[int]) -> float:
    own = values[place]
    return sum(values[other] < own for other in among) + sum(values[other] == own for other in among) / 2
