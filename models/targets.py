"""Targets: what a project wants its traces and steps to reach."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass

import orjson

from models.errors import Invalid
from models.values import Money

CALLED = {
    "trace_duration_ms": "traceDurationMs",
    "trace_cost": "traceCost",
    "step_duration_ms": "stepDurationMs",
    "error_rate": "errorRate",
    "cost_per_thousand_tokens": "costPerThousandTokens",
    "output_tokens_per_second": "outputTokensPerSecond",
}
LARGEST = 1e12


@dataclass(frozen=True, kw_only=True)
class Targets:
    """What a project wants to reach. Where a target is missing, grades measure against what is usual."""

    trace_duration_ms: float | None = None
    """Milliseconds that a trace should take at most."""
    trace_cost: Money | None = None
    """US dollars that a trace should cost at most."""
    step_duration_ms: float | None = None
    """Milliseconds that 95 % of steps should take at most."""
    error_rate: float | None = None
    """The share of steps that may fail, more than 0 and up to 1."""
    cost_per_thousand_tokens: Money | None = None
    """US dollars that 1,000 tokens should cost at most, input and output together."""
    output_tokens_per_second: float | None = None
    """Output tokens per second that there should be at least."""


def given(targets: Targets) -> dict[str, float | str]:
    """The targets that there are, by name."""
    return {name: value for name, value in asdict(targets).items() if value is not None}


def check_targets(targets: Targets) -> None:
    """Raises Invalid, with the name of the target in the API, for one that is not above 0 or is too large."""
    for name, value in given(targets).items():
        most = 1 if name == "error_rate" else LARGEST
        if not 0 < _number(value) <= most:
            raise Invalid(f"A target is a number above 0 and at most {most:,.0f}.", path=["targets", CALLED[name]])


def json_of_targets(targets: Targets) -> str:
    """The targets as the column `projects.targets` holds them."""
    return orjson.dumps(given(targets)).decode()


def targets_in(text: str) -> Targets:
    """The targets in a value of that column."""
    return Targets(**orjson.loads(text))


def _number(value: float | str) -> float:
    try:
        return float(value)
    except ValueError:
        return math.nan
