"""Samples: many values of one measure, kept as sorted values with counts, and the quantiles read from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.errors import Invalid
from models.sketch import GAMMA

MOST_BUCKETS = 200

# Sketches are added on an array of all buckets there may be. The bucket of zeros is below all others: it is clipped
# onto the lowest place, which stands for 0.
LOWEST, HIGHEST = -700, 1_700
STANDING_FOR = np.concatenate([[0.0], 2 * GAMMA ** np.arange(LOWEST + 1, HIGHEST + 1, dtype=np.float64) / (GAMMA + 1)])

# A sketch as it is stored (`packed` in the database), and the binary form of an array of one dimension (array_send in
# PostgreSQL): a header, then each entry with its length.
SKETCH = np.dtype([("index", ">i4"), ("count", ">i8")])
HEADER = 20
VALUES = np.dtype([("size", ">i4"), ("value", ">f8")])

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Sample:
    """Values in ascending order, and how many of the values are not above each."""

    values: Floats
    cumulative: Integers

    @property
    def count(self) -> int:
        """How many values there are."""
        return int(self.cumulative[-1]) if len(self.cumulative) else 0

    @property
    def counts(self) -> Integers:
        """How often each value is there."""
        return np.diff(self.cumulative, prepend=0)

    def quantile(self, q: float) -> float | None:
        """The value of rank floor(1 + q(n - 1)): the lower quantile, as in the paper on DDSketch. Raises Invalid."""
        if not 0 <= q <= 1:
            raise Invalid("`q` is between 0 and 1.", path=["q"])
        if not self.count:
            return None
        rank = int(q * (self.count - 1))
        return float(self.values[np.searchsorted(self.cumulative, rank, side="right")])

    def histogram(self, buckets: int) -> list[dict[str, float | int]]:
        """Buckets of equal ratio from the least to the greatest value, of equal width if the least is 0.

        Each holds from <= value < to, the last one its end too. Raises Invalid.
        """
        if not 1 <= buckets <= MOST_BUCKETS:
            raise Invalid(f"`buckets` is between 1 and {MOST_BUCKETS}.", path=["buckets"])
        if not self.count:
            return []
        low, high = float(self.values[0]), float(self.values[-1])
        if low == high:
            return [{"from_": low, "to": high, "count": self.count}]
        edges = np.geomspace(low, high, buckets + 1) if low > 0 else np.linspace(low, high, buckets + 1)
        edges[0], edges[-1] = low, high
        counts, _ = np.histogram(self.values, bins=edges, weights=self.counts)
        bounds = [float(edge) for edge in edges]
        return [
            {"from_": start, "to": end, "count": round(float(number))}
            for start, end, number in zip(bounds, bounds[1:], counts, strict=False)
        ]


def sample_of(sketches: Sequence[bytes], values: Sequence[bytes]) -> Sample:
    """The sample that packed sketches and arrays of exact values in their binary form make together."""
    found = [_added(sketches)] if sketches else []
    if values:
        packed = np.frombuffer(b"".join([array[HEADER:] for array in values]), dtype=VALUES)
        exact = np.sort(packed["value"].astype(np.float64))
        found.append((exact, np.ones(len(exact), dtype=np.int64)))
    if not found:
        return EMPTY
    numbers = np.concatenate([pair[0] for pair in found])
    counts = np.concatenate([pair[1] for pair in found])
    if len(found) > 1:
        order = np.argsort(numbers, kind="stable")
        numbers, counts = numbers[order], counts[order]
    return Sample(values=numbers, cumulative=np.cumsum(counts))


def _added(sketches: Sequence[bytes]) -> tuple[Floats, Integers]:
    entries = np.frombuffer(b"".join(sketches), dtype=SKETCH)
    places = np.clip(entries["index"].astype(np.int64), LOWEST, HIGHEST) - LOWEST
    counts = entries["count"].astype(np.float64)
    total = np.rint(np.bincount(places, weights=counts, minlength=len(STANDING_FOR))).astype(np.int64)
    present = np.flatnonzero(total)
    return STANDING_FOR[present], total[present]


EMPTY = Sample(values=np.zeros(0), cumulative=np.zeros(0, dtype=np.int64))
