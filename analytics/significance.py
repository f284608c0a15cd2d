"""Whether a difference is more than chance: tests that need no more than roll-ups keep."""

from __future__ import annotations

import math

import numpy as np

from analytics.samples import Sample

SMALLEST_SAMPLE = 20  # below it the normal approximations are not to be trusted
LEVEL = 0.05


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


def level_for(comparisons: int) -> float:
    """Below which p-value each of several comparisons is significant (Bonferroni)."""
    return LEVEL / max(comparisons, 1)


def _two_sided(z: float) -> float:
    return math.erfc(abs(z) / math.sqrt(2))
