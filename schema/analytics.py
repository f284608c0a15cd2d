"""Figures over many steps."""

from __future__ import annotations

from datetime import datetime

from analytics.questions import AnalyticsSource, Dimension, Interval, TimeRange
from models.values import BigInt, Money
from resolvers import analytics, grades, insights
from schema.answers import OF_A_WINDOW, answer, column, same_row
from schema.described import enum_of, input_of
from schema.grade import Grade
from schema.row import of_row
from schema.trace import Insight, TokenUsage

for enum in (AnalyticsSource, Dimension, Interval):
    enum_of(enum)
input_of(TimeRange)


@of_row
class HistogramBucket:
    """How many values lie between two bounds."""

    from_: float = column("from_", called="from")
    """The lower bound; values equal to it are in."""
    to: float
    """The upper bound; values equal to it are in the next bucket, if there is one."""
    count: BigInt
    """How many values."""


@of_row
class Distribution:
    """How the values of a measure are spread. From roll-ups each value is within 1 %, except for the exact mean."""

    count: BigInt
    """How many values there are."""
    mean: float | None
    """Their arithmetic mean."""
    min: float | None
    """The least."""
    max: float | None
    """The greatest."""
    p50: float | None
    """The median."""
    p75: float | None
    """Three quarters are not above it."""
    p90: float | None
    """Nine tenths are not above it."""
    p95: float | None
    """95 % are not above it."""
    p99: float | None
    """99 % are not above it."""
    quantile: float | None = answer(analytics.quantiles)
    histogram: list[HistogramBucket] = answer(analytics.histograms)


@of_row
class Metrics:
    """The measures of a set of steps."""

    trace_count: BigInt = answer(analytics.trace_counts)
    step_count: BigInt
    """How many steps started."""
    error_count: BigInt
    """How many of them ended with an error."""
    error_rate: float | None
    """The share of them that ended with an error, 0 to 1; null without steps."""
    usage: TokenUsage = same_row()
    """Their tokens."""
    cost: Money
    """US dollars of those whose cost is known."""
    cost_per_thousand_tokens: Money | None
    """US dollars per 1,000 tokens, input and output together; null without tokens."""
    steps_per_second: float | None
    """Steps per second of the window."""
    output_tokens_per_second: float | None
    """Output tokens per second of the time that the steps took; null where they took none."""
    duration_ms: Distribution = answer(analytics.durations)
    time_to_first_token_ms: Distribution = answer(analytics.first_tokens)


@of_row
class DimensionValue:
    """One part of the key of a group."""

    dimension: Dimension
    """The dimension."""
    value: str | None
    """Its value; null for steps that have none."""


@of_row
class AnalyticsPoint:
    """One interval of a series."""

    start: datetime
    """When the interval starts; of the first one it may be before the range, and only what is in the range counts."""
    metrics: Metrics
    """The measures of its steps."""


@of_row
class AnalyticsGroup:
    """The steps that have the same values in the dimensions asked for."""

    key: list[DimensionValue]
    """These values, in the order of `groupBy`."""
    metrics: Metrics
    """The measures of its steps."""
    previous: Metrics = answer(analytics.previous_of_groups)
    series: list[AnalyticsPoint] = answer(analytics.series_of_groups)
    grade: Grade | None = answer(grades.of_groups)


@of_row
class Analytics:
    """Measures of the steps that started in a range of time: in all, by group and over time."""

    start: datetime
    """The start of the range."""
    end: datetime
    """The end of the range, not in it."""
    source: AnalyticsSource
    """What this was computed from."""
    relative_error: float
    """Largest relative error of any quantile here; 0 when exact."""
    totals: Metrics
    """The measures of all steps."""
    previous: Metrics = answer(analytics.previous_totals)
    groups: list[AnalyticsGroup]
    """The groups with most steps, in that order; none without `groupBy`."""
    other: Metrics | None
    """What `top` left out, as one group; null when nothing was."""
    series: list[AnalyticsPoint] = answer(analytics.series_of_totals)
    grade: Grade | None = answer(grades.of_windows, work=OF_A_WINDOW)
    insights: list[Insight] = answer(insights.of_windows, work=OF_A_WINDOW)
