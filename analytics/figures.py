"""Figures: the sums of groups, points and totals, from the roll-ups where they can tell, otherwise from the steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from analytics.merging import minutes_from
from analytics.questions import AnalyticsSource, Dimension, Question, TimeRange
from analytics.samples import Sample, sample_of
from analytics.statements import (
    FIGURES,
    RANKED,
    SKETCHES,
    TIME_DIMENSIONS,
    TRACE_COUNTS,
    TRACES_STARTED,
    VALUES,
    Facts,
    facts_of_rollups,
    facts_of_steps,
    statement,
)
from analytics.times import DAY, HOUR, MINUTE, Part, Tier, cover, in_whole_hours, zone_of
from models.database import Database
from models.errors import Refused
from models.rows import Row

MOST_EXACT = 3_000_000  # values that one answer may hold in memory
FROM_ROLLUPS = {
    *(Dimension.MODEL, Dimension.PROVIDER, Dimension.KIND, Dimension.NAME, Dimension.STATUS),
    *TIME_DIMENSIONS,
}
MEASURES = {
    "duration_ms": {"indexes": "duration_indexes", "counts": "duration_counts"},
    "time_to_first_token_ms": {"indexes": "first_token_indexes", "counts": "first_token_counts"},
}
DELTAS = "DELTA"
WHOLE_NUMBERS = (
    *("step_count", "error_count", "input_tokens", "output_tokens"),
    *("cache_read_tokens", "cache_write_tokens", "reasoning_tokens"),
)
NUMERICS = ("cost", "duration_microseconds", "first_token_microseconds")

Key = tuple[str | None, str | None, str | None]
Place = tuple[int, int]
"""A group (0: all that were not chosen, and the totals where none was) and a point."""


@dataclass(frozen=True, kw_only=True)
class Slice:
    """Steps of a span, cut into groups (those chosen, and the rest) and points."""

    question: Question
    span: TimeRange
    points: tuple[datetime, ...]
    chosen: tuple[Key, ...] = ()
    now: datetime

    def seconds(self, point: int) -> float:
        """How long the part of a point inside the span is."""
        start = max(self.points[point], self.span.start)
        end = self.points[point + 1] if point + 1 < len(self.points) else self.span.end
        return (min(end, self.span.end) - start).total_seconds()


@dataclass(frozen=True, kw_only=True)
class Figures:
    """The sums of one place of a slice."""

    slice: Slice
    place: Place
    row: Row


def source_for(dimensions: Sequence[Dimension], *, filtered: bool) -> AnalyticsSource:
    """What can answer a question."""
    answerable = not filtered and set(dimensions) <= FROM_ROLLUPS
    return AnalyticsSource.ROLLUP if answerable else AnalyticsSource.STEPS


async def ranked(database: Database, whole: Slice, top: int) -> tuple[list[tuple[Key, Figures]], Slice]:
    """The groups with most steps and, under a key of nulls at place 0, all others; and the slice of these groups."""
    sql, values = statement(RANKED, _facts(whole), top)
    rows = await database.fetch(sql, *values)
    keys = [(row["k1"], row["k2"], row["k3"]) for row in rows]
    chosen = tuple(key for key, row in zip(keys, rows, strict=True) if row["place"])
    cut = Slice(question=whole.question, span=whole.span, points=whole.points, chosen=chosen, now=whole.now)
    found = [(key, Figures(slice=cut, place=(row["place"], 0), row=row)) for key, row in zip(keys, rows, strict=True)]
    return found, cut


async def figures(database: Database, cut: Slice) -> dict[Place, Figures]:
    """The figures of every place of a slice that has any."""
    sql, values = statement(FIGURES, _facts(cut), *_columns(cut.chosen))
    rows = await database.fetch(sql, *values)
    places = [(row["place"], row["point"] - 1) for row in rows]
    return {place: Figures(slice=cut, place=place, row=row) for place, row in zip(places, rows, strict=True)}


async def samples(database: Database, cut: Slice, measure: str) -> dict[Place, Sample]:
    """The values of a measure at every place of a slice that has any. Raises Refused when they are too many."""
    facts, parts = _facts(cut), _parts(cut)
    sketches: dict[Place, list[tuple[bytes, bytes]]] = {}
    exact: dict[Place, list[bytes]] = {}
    if cut.question.source is AnalyticsSource.ROLLUP:
        sql, values = statement(SKETCHES, facts, *_columns(cut.chosen), **MEASURES[measure])
        for place, point, indexes, counts in await database.fetch(sql, *values):
            sketches.setdefault((place, point - 1), []).append((indexes, counts))
    if any(part.tier is None for part in parts):
        sql, values = statement(VALUES, facts, *_columns(cut.chosen), value=measure)
        for place, point, packed in await database.fetch(sql, *values):
            exact[place, point - 1] = [packed]
    return {place: sample_of(sketches.get(place, ()), exact.get(place, ())) for place in {**sketches, **exact}}


async def trace_counts(database: Database, cut: Slice) -> dict[Place, int]:
    """How many traces started in the span; in groups and under conditions, of how many traces there are such steps."""
    if cut.question.condition is None and not cut.question.dimensions:
        whole, edges = _split(_parts(cut))
        rows = await database.fetch(
            TRACES_STARTED, cut.question.project_id, cut.points, *_bounds(whole), *_bounds(edges)[1:]
        )
        return {(0, row["point"] - 1): row["count"] for row in rows}
    facts = _facts_of_steps(cut)
    sql, values = statement(TRACE_COUNTS, facts, *_columns(cut.chosen))
    rows = await database.fetch(sql, *values)
    return {(row["place"], row["point"] - 1): row["count"] for row in rows}


def added(parts: Sequence[Figures], cut: Slice) -> Figures:
    """The sums of several groups together, as those of a whole slice."""
    sums = {name: sum(part.row[name] for part in parts) for name in WHOLE_NUMBERS}
    sums |= {name: str(sum((Decimal(part.row[name]) for part in parts), Decimal(0))) for name in NUMERICS}
    return Figures(slice=cut, place=(0, 0), row=sums)


def check_size(found: Figures) -> None:
    """Refuse an exact answer over more steps than memory should hold. Raises Refused."""
    exact = found.slice.question.source is AnalyticsSource.STEPS
    if exact and found.row["step_count"] > MOST_EXACT:
        message = f"Exact figures of more than {MOST_EXACT:,} steps; take less time, or drop filters and dimensions."
        raise Refused(message)


def _parts(cut: Slice) -> list[Part]:
    if cut.question.source is AnalyticsSource.STEPS:
        return [Part(tier=None, start=cut.span.start, end=cut.span.end)]
    # Who merges may have a clock that is a little ahead of ours.
    minutes = Tier(name="MINUTE", length=MINUTE, since=minutes_from(cut.now) + HOUR)
    tiers = [Tier(name="DAY", length=DAY), Tier(name="HOUR", length=HOUR), minutes]
    if set(cut.question.dimensions) & set(TIME_DIMENSIONS):
        tiers = tiers[1:] if in_whole_hours(cut.span, zone_of(cut.question.zone)) else tiers[2:]
    return cover(cut.span, cut.points, tiers)


def _facts(cut: Slice) -> Facts:
    if cut.question.source is AnalyticsSource.STEPS:
        return _facts_of_steps(cut)
    whole, edges = _split(_parts(cut))
    values = [cut.question.project_id, cut.question.zone, cut.points, *_bounds(whole), *_bounds(edges)[1:]]
    return Facts(sql=facts_of_rollups(cut.question.dimensions), values=values)


def _facts_of_steps(cut: Slice) -> Facts:
    question = cut.question
    condition, values = "TRUE", ()
    if question.condition is not None:
        condition, values = question.condition.sql, question.condition.values
    sql = facts_of_steps(question.dimensions, condition, starts="$4", ends="$5")
    span = [cut.span.start], [cut.span.end]
    return Facts(sql=sql, values=[question.project_id, question.zone, cut.points, *span, *values])


def _split(parts: Sequence[Part]) -> tuple[list[Part], list[Part]]:
    """The parts in roll-ups, deltas included, and those in steps."""
    whole = [part for part in parts if part.tier is not None]
    deltas = [Part(tier=DELTAS, start=part.start, end=part.end) for part in _joined(whole)]
    return whole + deltas, [part for part in parts if part.tier is None]


def _joined(parts: Sequence[Part]) -> list[Part]:
    joined: list[Part] = []
    for part in parts:
        if joined and joined[-1].end == part.start:
            joined[-1] = Part(tier=None, start=joined[-1].start, end=part.end)
        else:
            joined.append(part)
    return joined


def _bounds(parts: Sequence[Part]) -> tuple[list[str | None], list[datetime], list[datetime]]:
    return [part.tier for part in parts], [part.start for part in parts], [part.end for part in parts]


def _columns(keys: Sequence[Key]) -> list[list[str | None]]:
    return [[key[place] for key in keys] for place in range(3)]
