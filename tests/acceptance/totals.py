"""What the totals of a trace have to be, by its steps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

TOKENS = ("input", "output", "cacheRead", "cacheWrite", "reasoning")


def shown(trace: Mapping[str, Any]) -> dict[str, Any]:
    """The totals that a trace shows."""
    return {name: trace[name] for name in ("stepCount", "errorCount", "models", "usage")}


def recomputed(trace: Mapping[str, Any]) -> dict[str, Any]:
    """The totals that its steps add up to."""
    steps = trace["steps"]
    return {
        "stepCount": len(steps),
        "errorCount": sum(step["status"] == "ERROR" for step in steps),
        "models": sorted({step["model"] for step in steps if step["model"]}),
        "usage": {name: sum(step["usage"][name] for step in steps) for name in TOKENS},
    }
