"""Rules about time: what a run waited for, and what took longer than it usually does."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from analytics.baselines import DAYS, LEAST
from analytics.insights import MOST_EVIDENCE, Insight, InsightRule, InsightSeverity
from analytics.observed import LEAST_MS, MICROSECONDS, MOST_EACH, SLOW_SHARE, Observed, key_of
from analytics.samples import Sample
from analytics.timeline import Timeline, free, self_times
from analytics.wording import counted, milliseconds, number, percent
from models.rows import Row

PATH_SHARE = 0.5
SELF_SHARE = 0.3
GAP_SHARE = 0.1
GRAVE_SHARE = 0.3
CRITICAL_SHARE = 0.5
SLOW_TIMES = 2.0


def critical_path_rule(observed: Observed) -> Iterator[Insight]:
    """Steps of one name are at least half of the run, on its critical path and in their own time."""
    times: dict[str, dict[int, float]] = defaultdict(lambda: defaultdict(float))
    for part in observed.path:
        times[observed.steps[part.step]["name"]][part.step] += part.length / MICROSECONDS
    if len(times) < 2:  # noqa: PLR2004  of steps with one name it is clear
        return
    name, steps = max(times.items(), key=lambda entry: sum(entry[1].values()))
    took = sum(steps.values())
    if took < LEAST_MS or observed.share(took) < PATH_SHARE:
        return
    longest = sorted(steps, key=lambda step: -steps[step])
    yield Insight(
        rule=InsightRule.CRITICAL_PATH,
        severity=InsightSeverity.INFO,
        title=f"{name} decides how long the run takes",
        explanation=f"{counted(len(steps), 'step')} called {name} took {milliseconds(took)} of the run's "
        f"{milliseconds(observed.duration)} ({percent(observed.share(took))}), in time of their own for which all else "
        "waited. What is saved there, the run takes less.",
        impact_ms=took,
        evidence=[observed.steps[step] for step in longest[:MOST_EVIDENCE]],
    )


def self_time_rule(observed: Observed) -> Iterator[Insight]:
    """A step that calls others spends at least 30 % of the run outside them."""
    own = self_times(observed.timeline)
    callers = [step for step, children in enumerate(observed.timeline.children) if children]
    if not callers:
        return
    caller = max(callers, key=lambda step: own[step])
    took, step = own[caller] / MICROSECONDS, observed.steps[caller]
    if took < LEAST_MS or observed.share(took) < SELF_SHARE:
        return
    calls = len(observed.timeline.children[caller])
    yield Insight(
        rule=InsightRule.SELF_TIME,
        severity=InsightSeverity.INFO,
        title=f"{step['name']} spends {milliseconds(took)} outside its steps",
        explanation=f"For {milliseconds(took)} ({percent(observed.share(took))} of the run) {step['name']} ran while "
        f"none of the {counted(calls, 'step')} that it called did: work of its own, or work that nobody records.",
        impact_ms=took,
        evidence=[step],
    )


def idle_gap_rule(observed: Observed) -> Iterator[Insight]:
    """No step ran for at least a tenth of the run at a time."""
    timeline, least = observed.timeline, max(LEAST_MS, GAP_SHARE * observed.duration)
    if not observed.steps:
        return
    spans = free(timeline, range(len(observed.steps)), timeline.start, timeline.end)
    gaps = sorted((start - end, start, end) for start, end in spans if (end - start) / MICROSECONDS >= least)
    if not gaps:
        return
    idle = -sum(gap[0] for gap in gaps) / MICROSECONDS
    length, start, end = gaps[0]
    edges = _edges(timeline, start, end)
    is_first = timeline.starts[edges[0]] >= end
    where = " before the first step" if is_first else f" after {observed.steps[edges[0]]['name']}"
    told = f"For {milliseconds(idle)}"
    if len(gaps) > 1:
        told = f"In {len(gaps)} gaps of {milliseconds(idle)} together"
        where = f", the longest time of {milliseconds(-length / MICROSECONDS)}{where}"
    yield Insight(
        rule=InsightRule.IDLE_GAP,
        severity=InsightSeverity.WARNING if observed.share(idle) >= GRAVE_SHARE else InsightSeverity.INFO,
        title=f"Nothing ran for {milliseconds(idle)}",
        explanation=f"{told} ({percent(observed.share(idle))} of the run) no step ran{where}. The run waited for "
        "something that nobody records, for example for a person.",
        impact_ms=idle,
        evidence=[observed.steps[step] for step in edges],
    )


def slow_step_rule(observed: Observed) -> Iterator[Insight]:
    """A step that went well took twice the median of such steps and more than 95 % of them do."""
    found: dict[int, tuple[float, Sample]] = {}
    for place, step in enumerate(observed.steps):
        usual = observed.usual.get(key_of(step))
        if usual is not None and step["status"] == "OK":
            excess = _excess(step["duration_ms"], usual.durations)
            if excess >= max(LEAST_MS, SLOW_SHARE * observed.duration):
                found[place] = excess, usual.durations
    # Where a step is slow because of one that it called, that one is told.
    causes = [place for place in found if not any(child in found for child in observed.timeline.children[place])]
    for place in sorted(causes, key=lambda place: -found[place][0])[:MOST_EACH]:
        step, (excess, sample) = observed.steps[place], found[place]
        took = step["duration_ms"]
        yield Insight(
            rule=InsightRule.SLOW_STEP,
            severity=_severity(observed.share(excess)),
            title=f"{step['name']} took {number(took / (took - excess))} times as long as usual",
            explanation=f"{step['name']} took {milliseconds(took)}. {_usual_of(sample)} It took "
            f"{milliseconds(excess)} more than that median.",
            impact_ms=excess,
            evidence=[step],
        )


def slow_first_token_rule(observed: Observed) -> Iterator[Insight]:
    """The first token came after twice the median of such steps and later than in 95 % of them."""
    found: list[tuple[float, Row, Sample]] = []
    for step in observed.steps:
        usual = observed.usual.get(key_of(step))
        if usual is not None:
            excess = _excess(step["time_to_first_token_ms"], usual.first_tokens)
            if excess >= LEAST_MS:
                found.append((excess, step, usual.first_tokens))
    for excess, step, sample in sorted(found, key=lambda entry: -entry[0])[:MOST_EACH]:
        waited = step["time_to_first_token_ms"]
        yield Insight(
            rule=InsightRule.SLOW_FIRST_TOKEN,
            severity=_severity(observed.share(excess)),
            title=f"{step['name']} was silent for {milliseconds(waited)}",
            explanation=f"The first token of {step['name']} came after {milliseconds(waited)}. {_usual_of(sample)} "
            f"It came {milliseconds(excess)} later than that median: a busy provider, or a prompt longer than others.",
            impact_ms=excess,
            evidence=[step],
        )


def _edges(timeline: Timeline, start: int, end: int) -> list[int]:
    """The step that ended last before a gap, and the one that started first after it."""
    steps = range(len(timeline.starts))
    before = max(
        (step for step in steps if timeline.ends[step] <= start), key=lambda step: timeline.ends[step], default=None
    )
    after = next((step for step in steps if timeline.starts[step] >= end), None)
    return [step for step in (before, after) if step is not None]


def _excess(value: float | None, usual: Sample) -> float:
    """How many milliseconds a value lies above the median; 0 where it is not out of the ordinary."""
    median, tail = usual.quantile(0.5), usual.quantile(0.95)
    if value is None or usual.count < LEAST or median is None or tail is None:
        return 0.0
    return value - median if value > max(SLOW_TIMES * median, tail) else 0.0


def _usual_of(sample: Sample) -> str:
    median, tail = sample.quantile(0.5) or 0.0, sample.quantile(0.95) or 0.0
    return (
        f"The median of {sample.count:,} such steps in {DAYS} days is {milliseconds(median)}, and 95 % of them take at "
        f"most {milliseconds(tail)}."
    )


def _severity(share: float) -> InsightSeverity:
    return InsightSeverity.CRITICAL if share >= CRITICAL_SHARE else InsightSeverity.WARNING
