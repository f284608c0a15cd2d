"""Answers about many steps at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from analytics.figures import Figures, added, check_size, counts_whole_traces, figures, ranked, samples
from analytics.figures import trace_counts as counted_traces
from analytics.measures import distribution_of, measures_at, measures_of
from analytics.questions import AnalyticsSource, Dimension, Interval, Question, TimeRange
from analytics.slices import Key, Place, Slice
from analytics.sources import source_for
from analytics.statements import MOST_DIMENSIONS
from analytics.times import check_range, points_of, zone_of
from auth.viewer import READ, require
from models.errors import Invalid
from models.filter_reading import read_steps
from models.filters import StepFilter, TraceFilter
from models.sketch import ACCURACY
from resolvers.context import Context
from resolvers.projects import chosen

MOST_GROUPS = 200
MOST_METRICS = 20_000  # groups times points
DEFAULT_GROUPS = 50
Row = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What a whole answer and its groups need for what is selected of them."""

    whole: Slice
    groups: Slice
    interval: Interval | None
    zone: str

    @property
    def points(self) -> tuple[datetime, ...]:
        """The starts of the points of a series. Raises Invalid."""
        if self.interval is None:
            return ()
        return tuple(points_of(self.whole.span, self.interval, zone_of(self.zone)))


async def analytics(
    context: Context,
    *,
    range: TimeRange,
    traces: TraceFilter | None = None,
    steps: StepFilter | None = None,
    group_by: Sequence[Dimension] | None = (),
    interval: Interval | None = None,
    time_zone: str | None = "UTC",
    top: int | None = DEFAULT_GROUPS,
) -> Row:
    """Counts, tokens, cost and latencies of the steps that started in a range of time."""
    require(context.viewer, READ)
    most, zone = DEFAULT_GROUPS if top is None else top, time_zone or "UTC"
    dimensions = _dimensions(group_by or (), most, zone)
    cut = await slice_of(context, range, dimensions, traces, steps, zone)
    whole, source = replace(cut, question=replace(cut.question, dimensions=())), cut.question.source
    grouped, groups = await ranked(context.database, cut, most) if dimensions else ([], cut)
    totals = await _totals(context, whole, grouped)
    check_size(source, totals.row["step_count"])
    others = [found for _, found in grouped if not found.place[0]]
    asked = Asked(whole=whole, groups=groups, interval=interval, zone=zone)
    return {
        "start": range.start,
        "end": range.end,
        "source": source,
        "relative_error": ACCURACY if source is AnalyticsSource.ROLLUP else 0.0,
        "totals": measures_of(totals),
        "groups": [_group(asked, key, found) for key, found in grouped if found.place[0]],
        "other": measures_of(others[0]) if others else None,
        "asked": asked,
    }


async def slice_of(
    context: Context,
    span: TimeRange,
    dimensions: Sequence[Dimension],
    traces: TraceFilter | None,
    steps: StepFilter | None,
    zone: str = "UTC",
) -> Slice:
    """All steps of a range under these filters, in the projects that they choose. Raises Invalid and NotFound."""
    check_range(span)
    projects, traces = await chosen(context, traces, "traces")
    term = read_steps(steps, traces, ("steps",))
    source = source_for(dimensions, term)
    question = Question(projects=tuple(projects), source=source, dimensions=dimensions, zone=zone, term=term)
    return Slice(question=question, span=span, points=(span.start,), now=datetime.now(UTC))


async def previous_totals(context: Context, parents: Sequence[Row]) -> list[Row]:
    """The same measures over the window of the same length just before."""
    answers: list[Row] = []
    for parent in parents:
        before = parent["asked"].whole.before()
        answers.append(measures_at(await figures(context.database, before), before, (0, 0)))
    return answers


async def series_of_totals(context: Context, parents: Sequence[Row]) -> list[list[Row]]:
    """The measures of each interval, also of those without steps; nothing when no interval was asked for."""
    answers: list[list[Row]] = []
    for parent in parents:
        asked: Asked = parent["asked"]
        cut = replace(asked.whole, points=asked.points)
        found = await figures(context.database, cut) if cut.points else {}
        answers.append(_series(cut, found, 0))
    return answers


async def previous_of_groups(context: Context, parents: Sequence[Row]) -> list[Row]:
    """The same measures of this group over the window of the same length just before."""
    found: dict[int, tuple[Slice, dict[Place, Figures]]] = {}
    for parent in parents:
        asked: Asked = parent["asked"]
        if id(asked) not in found:
            before = asked.groups.before()
            found[id(asked)] = before, await figures(context.database, before)
    cuts = [found[id(parent["asked"])] for parent in parents]
    return [measures_at(of, cut, (parent["place"], 0)) for parent, (cut, of) in zip(parents, cuts, strict=True)]


async def series_of_groups(context: Context, parents: Sequence[Row]) -> list[list[Row]]:
    """The measures of this group in each interval; nothing when no interval was asked for."""
    found: dict[int, tuple[Slice, dict[Place, Figures]]] = {}
    for parent in parents:
        asked: Asked = parent["asked"]
        if id(asked) not in found:
            cut = replace(asked.groups, points=asked.points)
            if len(cut.points) * len(cut.chosen) > MOST_METRICS:
                raise Invalid(f"Groups times points is more than {MOST_METRICS}.", path=["interval"])
            found[id(asked)] = cut, await figures(context.database, cut) if cut.points else {}
    cuts = [found[id(parent["asked"])] for parent in parents]
    return [_series(cut, of, parent["place"]) for parent, (cut, of) in zip(parents, cuts, strict=True)]


async def trace_counts(context: Context, parents: Sequence[Row]) -> list[int]:
    """Traces that started in this time; of groups and under filters: traces that have such a step in it."""
    for cut in _slices(parents):
        if not counts_whole_traces(cut):
            steps = sum(parent["step_count"] for parent in parents if parent["slice"] is cut)
            check_size(AnalyticsSource.STEPS, steps)
    found = {id(cut): await counted_traces(context.database, cut) for cut in _slices(parents)}
    return [found[id(parent["slice"])].get(parent["place"], 0) for parent in parents]


async def durations(context: Context, parents: Sequence[Row]) -> list[Row]:
    """Milliseconds that steps took; of those that have ended."""
    return await _distributions(context, parents, "duration_ms")


async def first_tokens(context: Context, parents: Sequence[Row]) -> list[Row]:
    """Milliseconds to the first token; of the steps that told it."""
    return await _distributions(context, parents, "time_to_first_token_ms")


async def quantiles(_context: Context, parents: Sequence[Row], *, q: float) -> list[float | None]:
    """Any quantile: the value of rank floor(1 + q(n - 1)) in ascending order."""
    return [parent["sample"].quantile(q) for parent in parents]


async def histograms(_context: Context, parents: Sequence[Row], *, buckets: int | None = 20) -> list[list[Row]]:
    """Counts in buckets of equal ratio from the least to the greatest value, of equal width if the least is 0."""
    return [parent["sample"].histogram(20 if buckets is None else buckets) for parent in parents]


async def _distributions(context: Context, parents: Sequence[Row], measure: str) -> list[Row]:
    found = {id(cut): await samples(context.database, cut, measure) for cut in _slices(parents)}
    return [distribution_of(found[id(parent["slice"])].get(parent["place"]), parent, measure) for parent in parents]


async def _totals(context: Context, whole: Slice, grouped: Sequence[tuple[Key, Figures]]) -> Figures:
    dimensions = grouped[0][1].slice.question.dimensions if grouped else ()
    if grouped and Dimension.TAG not in dimensions:
        return added([found for _, found in grouped], whole)
    found = await figures(context.database, whole)
    return found.get((0, 0)) or added([], whole)


def _group(asked: Asked, key: Key, found: Figures) -> Row:
    dimensions = asked.groups.question.dimensions
    values = [{"dimension": dimension, "value": value} for dimension, value in zip(dimensions, key, strict=False)]
    return {"key": values, "metrics": measures_of(found), "asked": asked, "place": found.place[0]}


def _series(cut: Slice, found: Mapping[Place, Figures], place: int) -> list[Row]:
    return [
        {"start": start, "metrics": measures_at(found, cut, (place, number))} for number, start in enumerate(cut.points)
    ]


def _slices(parents: Sequence[Row]) -> list[Slice]:
    return list({id(parent["slice"]): parent["slice"] for parent in parents}.values())


def _dimensions(dimensions: Sequence[Dimension], top: int, zone: str) -> tuple[Dimension, ...]:
    if len(set(dimensions)) != len(dimensions) or len(dimensions) > MOST_DIMENSIONS:
        raise Invalid(f"Group by at most {MOST_DIMENSIONS} different dimensions.", path=["groupBy"])
    if not 1 <= top <= MOST_GROUPS:
        raise Invalid(f"`top` is between 1 and {MOST_GROUPS}.", path=["top"])
    zone_of(zone)
    return tuple(dimensions)
