"""Whether a difference is more than chance: tests that need no more than roll-ups keep."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from analytics.samples import Floats, Sample

SMALLEST_SAMPLE = 20  # below it the normal approximations are not to be trusted
LEVEL = 0.05
NOISE = 1e-9  # of a ratio: what adding floats leaves


@dataclass(frozen=True, kw_only=True)
class Ratio:
    """The ratio of two sums, and the parts of both in each block of time."""

    above: Floats
    below: Floats

    @property
    def value(self) -> float:
        """The ratio over all blocks."""
        return float(self.above.sum() / self.below.sum())

    def without_each(self) -> Floats:
        """The ratio over all blocks but one, for each block."""
        left: Floats = (self.above.sum() - self.above) / (self.below.sum() - self.below)
        return left


def rank_test(one: Sample, other: Sample) -> float | None:
    """The two-sided p-value of the Mann-Whitney U test; None when a sample is too small to tell.

    Normal approximation with the correction for ties, which the buckets of sketches are (Mann and Whitney 1947;
    Lehmann, "Nonparametrics", 1975, section 1.4).
    """
    n, m = one.count, other.count
    if min(n, m) < SMALLEST_SAMPLE:
        return None
    values, places = np.unique(np.concatenate([one.values, other.values]), return_inverse=True)
    ours = np.bincount(places[: len(one.values)], weights=one.counts, minlength=len(values))
    theirs = np.bincount(places[len(one.values) :], weights=other.counts, minlength=len(values))
    u = float(np.sum(ours * (np.cumsum(theirs) - theirs / 2)))
    ties = float(np.sum((ours + theirs) ** 3 - (ours + theirs)))
    variance = n * m / 12 * ((n + m + 1) - ties / ((n + m) * (n + m - 1)))
    return _two_sided((u - n * m / 2) / math.sqrt(variance)) if variance > 0 else 1.0


def proportion_test(hits: int, n: int, other_hits: int, m: int) -> float | None:
    """The two-sided p-value of the two-proportion z test, pooled; None when a sample is too small to tell.

    Agresti, "Categorical Data Analysis", 3rd edition, section 3.2.
    """
    if min(n, m) < SMALLEST_SAMPLE:
        return None
    pooled = (hits + other_hits) / (n + m)
    variance = pooled * (1 - pooled) * (1 / n + 1 / m)
    return _two_sided((hits / n - other_hits / m) / math.sqrt(variance)) if variance > 0 else 1.0


def ratio_test(one: Ratio, other: Ratio) -> float | None:
    """The two-sided p-value that two ratios of sums differ; None when there are too few blocks to tell.

    A delete-one jackknife over blocks of time estimates the variance of the difference, so that neither the spread
    within a block nor what both have in common there matters (Efron and Stein, "The jackknife estimate of variance",
    1981; Kott, "The delete-a-group jackknife", 2001). Normal approximation.
    """
    if min(np.count_nonzero(one.below), np.count_nonzero(other.below)) < SMALLEST_SAMPLE:
        return None
    difference = one.value - other.value
    if abs(difference) <= NOISE * max(one.value, other.value):
        return 1.0
    without = one.without_each() - other.without_each()
    blocks = len(without)
    variance = (blocks - 1) / blocks * float(np.sum((without - without.mean()) ** 2))
    return _two_sided(difference / math.sqrt(variance)) if variance > 0 else 0.0


def level_for(comparisons: int) -> float:
    """Below which p-value each of several comparisons is significant (Bonferroni)."""
    return LEVEL / max(comparisons, 1)


def _two_sided(z: float) -> float:
    return math.erfc(abs(z) / math.sqrt(2))
