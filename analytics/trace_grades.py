"""Grades of traces: a run against what is usual for runs of its name, or against the targets of its project."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from analytics.baselines import DAYS, LEAST, UsualFailures, UsualTrace
from analytics.grades import (
    RELIABILITY,
    THROUGHPUT,
    TOLERATED,
    Grade,
    GradeComponentName,
    Measured,
    Reference,
    Scale,
    certainty_of,
    grade,
    measured,
    speed,
)
from analytics.wording import counted, dollars, milliseconds, percent
from models.rows import Row
from models.targets import Targets

ENDED = ("OK", "ERROR")
LATENCY = Scale(name=GradeComponentName.LATENCY, unit="ms", shown=milliseconds)
COST = Scale(name=GradeComponentName.COST, unit="USD", shown=dollars)


@dataclass(frozen=True, kw_only=True)
class Measures:
    """What a run is held against; `usual` is None when too few runs of its name went well."""

    targets: Targets
    usual: UsualTrace | None
    failures: UsualFailures

    def reference(self, told: str, value: Callable[[UsualTrace], float], scale: Scale) -> Reference | None:
        """What is usual, said in these words."""
        if self.usual is None:
            return None
        usual, count = value(self.usual), self.usual.count
        runs = f"{count:,} such runs in {DAYS} days"
        return Reference(
            value=usual, told=f"{told.format(runs=runs)} {scale.shown(usual)}", certainty=certainty_of(count)
        )


def grade_of_trace(trace: Row, against: Measures) -> Grade | None:
    """The grade of a trace that ended by itself; None for others, and when there is too little to hold it against."""
    if trace["status"] not in ENDED or trace["duration_ms"] is None:
        return None
    found = [rule(trace, against) for rule in (_latency, _reliability, _cost, _throughput)]
    return grade([each for each in found if each is not None], against.usual.count if against.usual else 1)


def _latency(trace: Row, against: Measures) -> Measured | None:
    took: float = trace["duration_ms"]
    usual = against.reference("the median of {runs} is", lambda usual: usual.duration_ms, LATENCY)
    return measured(LATENCY, took, f"The run took {milliseconds(took)}", usual, against.targets.trace_duration_ms)


def _reliability(trace: Row, against: Measures) -> Measured | None:
    steps, errors, failed = trace["step_count"], trace["error_count"], trace["status"] == "ERROR"
    if not steps and not failed:
        return None
    share = errors / steps if steps else 1.0
    told = f"The run {'failed' if failed else 'went well'}, and {errors:,} of its {counted(steps, 'step')} failed"
    found = measured(RELIABILITY, share, told, _usual_failures(against.failures), against.targets.error_rate)
    return found and replace(found, failed=failed)


def _cost(trace: Row, against: Measures) -> Measured | None:
    if trace["cost"] is None:
        return None
    cost = float(trace["cost"])
    usual = against.reference("the mean of {runs} is", lambda usual: usual.cost, COST)
    return measured(COST, cost, f"The run cost {dollars(cost)}", usual, against.targets.trace_cost)


def _throughput(trace: Row, against: Measures) -> Measured | None:
    if not trace["output_tokens"] or not trace["duration_ms"]:
        return None
    rate = trace["output_tokens"] / trace["duration_ms"] * 1000
    usual = against.reference("{runs} wrote", lambda usual: usual.tokens_per_second, THROUGHPUT)
    return measured(THROUGHPUT, rate, f"The run wrote {speed(rate)}", usual, against.targets.output_tokens_per_second)


def _usual_failures(failures: UsualFailures) -> Reference:
    if failures.count < LEAST:
        return Reference(value=TOLERATED, told=f"{percent(TOLERATED)} is tolerated", certainty=1.0)
    told = f"of all {failures.count:,} steps of the project in {DAYS} days {percent(failures.rate)} failed"
    return Reference(value=failures.rate, told=told, certainty=1.0)
