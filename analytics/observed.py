"""What the rules look at: a trace with its steps, its critical path and what is usual."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from analytics.baselines import StepKey, UsualStep, UsualTrace
from analytics.critical_path import Segment
from analytics.insights import Insight
from analytics.timeline import Timeline
from models.rows import Row

LEAST_MS = 100.0  # what takes less is not worth a word
MOST_EACH = 3  # findings of one rule in one trace
SLOW_SHARE = 0.1  # of the run
MICROSECONDS = 1_000  # of a millisecond
NOTHING = Decimal(0)


@dataclass(frozen=True, kw_only=True)
class Observed:
    """A trace, its steps by number, and what is usual for them; `usual_trace` is None where too few runs tell."""

    trace: Row
    steps: Sequence[Row]
    timeline: Timeline
    path: Sequence[Segment]
    usual: Mapping[StepKey, UsualStep]
    usual_trace: UsualTrace | None

    @property
    def duration(self) -> float:
        """How many milliseconds the trace lasts."""
        return self.timeline.duration / MICROSECONDS

    def share(self, milliseconds: float) -> float:
        """Which part of the trace's duration this is."""
        return milliseconds / self.duration if self.duration else 0.0


Rule = Callable[[Observed], Iterator[Insight]]


def key_of(step: Row) -> StepKey:
    """What steps are alike that are compared with each other."""
    return step["name"], step["kind"], step["model"]


def wanted_of(steps: Sequence[Row], duration: float) -> set[StepKey]:
    """The keys of the steps of which a rule wants to know what is usual: those that could be found slow at all."""
    long = [step for step in steps if (step["duration_ms"] or 0) >= max(LEAST_MS, SLOW_SHARE * duration)]
    late = [step for step in steps if (step["time_to_first_token_ms"] or 0) >= LEAST_MS]
    return {key_of(step) for step in (*long, *late)}


def took_by(steps: Sequence[Row]) -> float:
    """How many milliseconds these steps took together."""
    return sum(step["duration_ms"] or 0.0 for step in steps)


def cost_of(steps: Sequence[Row]) -> Decimal | None:
    """What these steps cost; None when that is nothing, or nobody knows."""
    return sum((Decimal(step["cost"]) for step in steps if step["cost"]), NOTHING) or None
