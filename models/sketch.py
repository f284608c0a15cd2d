"""Latency sketches: counts per logarithmic bucket; they add and subtract, and any quantile is known within 1 %.

The buckets are those of DDSketch (Masson, Rim, Lee: "DDSketch: a fast and fully-mergeable quantile sketch with
relative-error guarantees", VLDB 2019) with relative accuracy 0.01.
"""

import math

ACCURACY = 0.01
GAMMA = (1 + ACCURACY) / (1 - ACCURACY)
ZERO = -(2**31)  # the bucket of values too small to have a logarithm worth keeping
SMALLEST = 1e-6

_LOG_GAMMA = math.log(GAMMA)


def bucket_of(value: float) -> int:
    """The index of the bucket that holds a value (milliseconds, not negative)."""
    if value < SMALLEST:
        return ZERO
    return math.ceil(math.log(value) / _LOG_GAMMA)


def value_of(bucket: int) -> float:
    """The value that stands for a bucket: at most 1 % from every value in it."""
    if bucket == ZERO:
        return 0.0
    return 2 * math.exp(bucket * _LOG_GAMMA) / (GAMMA + 1)
