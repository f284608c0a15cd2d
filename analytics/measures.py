"""Measures: the numbers shown about a group, a point or the totals."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from analytics.figures import NUMERICS, WHOLE_NUMBERS, Figures
from analytics.samples import EMPTY, Sample
from analytics.slices import Place, Slice

NOTHING: Mapping[str, Any] = dict.fromkeys(WHOLE_NUMBERS, 0) | dict.fromkeys(NUMERICS, "0")
QUANTILES = {"p50": 0.5, "p75": 0.75, "p90": 0.9, "p95": 0.95, "p99": 0.99}
MICROSECONDS = {"duration_ms": "duration_microseconds", "time_to_first_token_ms": "first_token_microseconds"}
CENTS = Decimal("0.000000000001")


def measures_of(found: Figures) -> dict[str, Any]:
    """The measures of one place, and where to look for its samples."""
    row = found.row
    tokens = row["input_tokens"] + row["output_tokens"]
    cost, busy = Decimal(row["cost"]), float(row["duration_microseconds"]) / 1_000_000
    return {
        **{name: row[name] for name in NOTHING},
        "cost": str(row["cost"]),
        "total_tokens": tokens,
        "error_rate": row["error_count"] / row["step_count"] if row["step_count"] else None,
        "cost_per_thousand_tokens": str((cost * 1000 / tokens).quantize(CENTS).normalize()) if tokens else None,
        "steps_per_second": row["step_count"] / found.slice.seconds(found.place[1]),
        "output_tokens_per_second": row["output_tokens"] / busy if busy > 0 else None,
        "slice": found.slice,
        "place": found.place,
    }


def measures_at(found: Mapping[Place, Figures], cut: Slice, place: Place) -> dict[str, Any]:
    """The measures of a place, zeros where nothing was found."""
    return measures_of(found.get(place) or Figures(slice=cut, place=place, row=NOTHING))


def distribution_of(sample: Sample | None, measures: Mapping[str, Any], measure: str) -> dict[str, Any]:
    """What is told about a sample; its mean is exact."""
    sample = sample or EMPTY
    count = sample.count
    return {
        "count": count,
        "mean": float(measures[MICROSECONDS[measure]]) / 1000 / count if count else None,
        "min": sample.quantile(0),
        "max": sample.quantile(1),
        **{name: sample.quantile(q) for name, q in QUANTILES.items()},
        "sample": sample,
    }
