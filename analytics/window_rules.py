"""The rules that look at a window: what became slower, dearer or longer than before, and what failed all at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from analytics.insights import Insight, InsightRule, InsightSeverity, foremost
from analytics.samples import Sample
from analytics.significance import SMALLEST_SAMPLE, level_for, proportion_test, rank_test
from analytics.wording import counted, dollars, milliseconds, number, percent
from models.rows import Row

SLOWER_TIMES = 1.25
MUCH_SLOWER_TIMES = 2.0
LEAST_SLOWER_MS = 10.0
DEARER_TIMES = 2.0
LONGER_TIMES = 1.5
LEAST_SHARE = 0.1  # of the window
BURST_ERRORS = 5
BURST_TIMES = 3.0
BURST_RATE = 0.5  # from here on a burst is critical
UNLIKELY = 0.02  # of the usual level: a window is looked at in many parts


class Worst(StrEnum):
    """Which steps of a finding are its evidence: those of the greatest value, or the latest failures."""

    DURATION = "DURATION"
    COST = "COST"
    INPUT = "INPUT"
    FAILED = "FAILED"


@dataclass(frozen=True, kw_only=True)
class Period:
    """A part of a window: how many steps it has, and how many of them failed."""

    start: datetime
    end: datetime
    steps: int
    errors: int


@dataclass(frozen=True, kw_only=True)
class Watched:
    """The steps of a window with the same name, kind and model, now and in the window before."""

    name: str
    kind: str
    model: str | None
    now: Row
    before: Row
    durations: Sample
    durations_before: Sample
    periods: Sequence[Period]

    @property
    def called(self) -> str:
        """What to call these steps."""
        return self.name if self.model is None or self.model in self.name else f"{self.name} ({self.model})"

    @property
    def is_told(self) -> bool:
        """Whether there are enough steps, now and before, to compare them."""
        return bool(min(self.now["step_count"], self.before["step_count"]) >= SMALLEST_SAMPLE)


@dataclass(frozen=True, kw_only=True)
class Finding:
    """An insight without its evidence, and where that is to be found."""

    insight: Insight
    of: Watched
    worst: Worst
    start: datetime
    end: datetime


@dataclass(frozen=True, kw_only=True)
class Window:
    """A span of time and the steps of it, watched by name, kind and model."""

    start: datetime
    end: datetime
    totals: Row
    watched: Sequence[Watched]

    def finding(self, of: Watched, worst: Worst, insight: Insight) -> Finding:
        """A finding whose evidence may be anywhere in the window."""
        return Finding(insight=insight, of=of, worst=worst, start=self.start, end=self.end)


def findings_of_window(window: Window) -> list[Finding]:
    """What the rules find in a window, what matters most first."""
    found = [finding for rule in RULES for of in window.watched for finding in rule(window, of)]
    order = {id(insight): place for place, insight in enumerate(foremost(finding.insight for finding in found))}
    return sorted((finding for finding in found if id(finding.insight) in order), key=lambda f: order[id(f.insight)])


def latency_regression_rule(window: Window, of: Watched) -> Iterator[Finding]:
    """The median is at least a quarter longer than before, and that is no chance."""
    now, before = of.durations.quantile(0.5), of.durations_before.quantile(0.5)
    p_value = rank_test(of.durations, of.durations_before)
    if now is None or not before or p_value is None or p_value >= level_for(len(window.watched)):
        return
    if now < SLOWER_TIMES * before or now - before < LEAST_SLOWER_MS:
        return
    lost = (now - before) * of.durations.count
    insight = Insight(
        rule=InsightRule.LATENCY_REGRESSION,
        severity=InsightSeverity.CRITICAL if now >= MUCH_SLOWER_TIMES * before else InsightSeverity.WARNING,
        title=f"{of.called} takes {number(now / before)} times as long as before",
        explanation=f"The median of {counted(of.durations.count, 'step')} called {of.called} is {milliseconds(now)}; "
        f"in the window before it was {milliseconds(before)}, of {of.durations_before.count:,}. That is hardly chance "
        f"(p = {p_value:.1g}, Mann-Whitney U), and makes {milliseconds(lost)} in all.",
        impact_ms=lost,
    )
    yield window.finding(of, Worst.DURATION, insight)


def cost_outlier_rule(window: Window, of: Watched) -> Iterator[Finding]:
    """A step costs at least twice as much as before, and that is a tenth of what the window cost."""
    if not of.is_told:
        return
    spent, total = Decimal(of.now["cost"]), Decimal(window.totals["cost"])
    each, each_before = spent / of.now["step_count"], Decimal(of.before["cost"]) / of.before["step_count"]
    more = (each - each_before) * of.now["step_count"]
    if not each_before or each < Decimal(DEARER_TIMES) * each_before or more < total * Decimal(str(LEAST_SHARE)):
        return
    insight = Insight(
        rule=InsightRule.COST_OUTLIER,
        severity=InsightSeverity.WARNING,
        title=f"{of.called} costs {number(float(each / each_before))} times as much as before",
        explanation=f"{counted(of.now['step_count'], 'step')} called {of.called} cost {dollars(each)} each; in the "
        f"window before it was {dollars(each_before)}. That is {dollars(more)} more, of {dollars(total)} in all.",
        impact_cost=more,
    )
    yield window.finding(of, Worst.COST, insight)


def token_bloat_rule(window: Window, of: Watched) -> Iterator[Finding]:
    """Prompts are at least half longer than before, and that is a tenth of all tokens sent."""
    if not of.is_told:
        return
    each = of.now["input_tokens"] / of.now["step_count"]
    each_before = of.before["input_tokens"] / of.before["step_count"]
    more = (each - each_before) * of.now["step_count"]
    if each_before <= 0 or each < LONGER_TIMES * each_before or more < LEAST_SHARE * window.totals["input_tokens"]:
        return
    tokens = of.now["input_tokens"] + of.now["output_tokens"]
    cost = Decimal(of.now["cost"]) * Decimal(round(more)) / tokens
    told = f" That is about {dollars(cost)}, at their average price." if cost else ""
    insight = Insight(
        rule=InsightRule.TOKEN_BLOAT,
        severity=InsightSeverity.WARNING,
        title=f"The prompts of {of.called} are {number(each / each_before)} times as long as before",
        explanation=f"{counted(of.now['step_count'], 'step')} called {of.called} sent {number(each)} tokens each; in "
        f"the window before it was {number(each_before)}. Together they sent {number(more)} more.{told}",
        impact_cost=cost or None,
    )
    yield window.finding(of, Worst.INPUT, insight)


def error_burst_rule(window: Window, of: Watched) -> Iterator[Finding]:
    """In some part of the window at least three times as many steps failed as otherwise, and that is no chance."""
    parts = len(of.periods) * len(window.watched)
    bursts = [period for period in of.periods if _is_burst(period, of, parts)]
    if not bursts:
        return
    worst = max(bursts, key=lambda period: (period.errors, period.start))
    others, rate = _others(worst, of), worst.errors / worst.steps
    usual = others[0] / others[1]
    mean = float(of.now["duration_microseconds"]) / 1000 / of.now["step_count"]
    insight = Insight(
        rule=InsightRule.ERROR_BURST,
        severity=InsightSeverity.CRITICAL if rate >= BURST_RATE else InsightSeverity.WARNING,
        title=f"{of.called} failed {counted(worst.errors, 'time')} at once",
        explanation=f"From {worst.start:%Y-%m-%d %H:%M} to {worst.end:%H:%M} UTC {worst.errors:,} of "
        f"{counted(worst.steps, 'step')} called {of.called} failed ({percent(rate)}); otherwise it is {percent(usual)} "
        f"of {others[1]:,}. At their mean duration the failures took {milliseconds(worst.errors * mean)}.",
        impact_ms=worst.errors * mean,
    )
    yield Finding(insight=insight, of=of, worst=Worst.FAILED, start=worst.start, end=worst.end)


RULES: Sequence[Callable[[Window, Watched], Iterator[Finding]]] = (
    latency_regression_rule,
    error_burst_rule,
    cost_outlier_rule,
    token_bloat_rule,
)


def _is_burst(period: Period, of: Watched, parts: int) -> bool:
    errors, steps = _others(period, of)
    if period.errors < BURST_ERRORS or steps < SMALLEST_SAMPLE:
        return False
    if period.errors / period.steps < BURST_TIMES * errors / steps:
        return False
    p_value = proportion_test(period.errors, period.steps, errors, steps)
    return p_value is not None and p_value < UNLIKELY * level_for(parts)


def _others(period: Period, of: Watched) -> tuple[int, int]:
    """The failures and the steps outside a period, in the window and in the one before."""
    errors = of.now["error_count"] + of.before["error_count"] - period.errors
    return errors, of.now["step_count"] + of.before["step_count"] - period.steps
