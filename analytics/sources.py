"""Sources: the roll-ups where they can tell steps apart as a question does, otherwise the steps themselves."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from analytics.merging import minutes_from
from analytics.questions import AnalyticsSource, Dimension, Question
from analytics.slices import Slice
from analytics.statements import TIME_DIMENSIONS, Facts, facts_of_rollups, facts_of_steps
from analytics.times import DAY, HOUR, MINUTE, Part, Tier, cover, in_whole_hours, zone_of
from models.filter_sql import STEPS, condition
from models.filter_terms import All, AnyOf, Compare, Not, Term, columns_of

ROLLUPS = "trace_analytics"
COLUMNS_OF_ROLLUPS = {"model", "provider", "kind", "name", "status"}
FROM_ROLLUPS = {
    *(Dimension.MODEL, Dimension.PROVIDER, Dimension.KIND, Dimension.NAME, Dimension.STATUS),
    *TIME_DIMENSIONS,
}
TIMES = {str(dimension).lower() for dimension in TIME_DIMENSIONS}
DELTAS = "DELTA"
SHARED = 3  # the first values of all facts: project, zone, points

Bounds = tuple[list[str | None], list[datetime], list[datetime]]


def source_for(dimensions: Sequence[Dimension], term: Term) -> AnalyticsSource:
    """What can answer about steps grouped so, of which the term holds."""
    answerable = set(dimensions) <= FROM_ROLLUPS and is_told_by_rollups(term)
    return AnalyticsSource.ROLLUP if answerable else AnalyticsSource.STEPS


def is_told_by_rollups(term: Term) -> bool:
    """Whether a term asks for nothing that all steps of a roll-up don't have in common."""
    match term:
        case All(parts=parts) | AnyOf(parts=parts):
            return all(is_told_by_rollups(part) for part in parts)
        case Not(part=part):
            return is_told_by_rollups(part)
        case Compare(column=column):
            return column.name in COLUMNS_OF_ROLLUPS
        case _:
            return False


def facts(cut: Slice, project_id: str) -> Facts:
    """The facts of a slice in one of its projects."""
    whole, edges = halves(cut)
    if not whole:
        return facts_of_edges(cut, project_id)
    rolled = facts_of_whole(cut, project_id)
    if not edges:
        return rolled
    exact = _in_steps(cut, project_id, edges, after=len(rolled.values))
    return Facts(sql=f"{rolled.sql} UNION ALL {exact.sql}", values=[*rolled.values, *exact.values[SHARED:]])


def facts_of_whole(cut: Slice, project_id: str) -> Facts:
    """Those of the facts that are in roll-ups."""
    values: list[object] = [project_id, cut.question.zone, list(cut.points), *bounds(halves(cut)[0])]
    told = condition(cut.question.term, ROLLUPS, offset=len(values) + 1)
    return Facts(sql=facts_of_rollups(cut.question.dimensions, told.sql), values=[*values, *told.values])


def facts_of_edges(cut: Slice, project_id: str) -> Facts:
    """Those of the facts that are in steps."""
    return _in_steps(cut, project_id, halves(cut)[1])


def exact_facts(cut: Slice, project_id: str) -> Facts:
    """The facts of a slice in one of its projects, from the steps."""
    return _in_steps(cut, project_id, [Part(tier=None, start=cut.span.start, end=cut.span.end)])


def shortest_block(cut: Slice) -> timedelta:
    """How short blocks of time may be so that a source holds them."""
    is_recent = cut.span.start >= _since(cut)
    return MINUTE if is_recent or cut.question.source is AnalyticsSource.STEPS else HOUR


def halves(cut: Slice) -> tuple[list[Part], list[Part]]:
    """The parts in roll-ups, deltas included, and those in steps."""
    parts = _parts(cut)
    whole = [part for part in parts if part.tier is not None]
    deltas = [Part(tier=DELTAS, start=part.start, end=part.end) for part in _joined(whole)]
    return whole + deltas, [part for part in parts if part.tier is None]


def bounds(parts: Sequence[Part]) -> Bounds:
    """Parts as the columns that statements take."""
    return [part.tier for part in parts], [part.start for part in parts], [part.end for part in parts]


def _in_steps(cut: Slice, project_id: str, parts: Sequence[Part], *, after: int = SHARED) -> Facts:
    """The facts of these parts from the steps; all but the first three values are numbered after so many others."""
    question = cut.question
    values = [project_id, question.zone, list(cut.points), *bounds(parts)[1:]]
    told = condition(question.term, STEPS, offset=after + 3)
    sql = facts_of_steps(question.dimensions, told.sql, starts=f"${after + 1}", ends=f"${after + 2}")
    return Facts(sql=sql, values=[*values, *told.values])


def _parts(cut: Slice) -> list[Part]:
    if cut.question.source is AnalyticsSource.STEPS:
        return [Part(tier=None, start=cut.span.start, end=cut.span.end)]
    return cover(cut.span, cut.points, _tiers(cut.question, cut))


def _tiers(question: Question, cut: Slice) -> list[Tier]:
    """The tiers of the least detail that can tell what is asked, from long to short (ADR 0043)."""
    told = {str(dimension).lower() for dimension in question.dimensions} - TIMES | columns_of(question.term)
    names, models = "name" in told, told - {"status"}
    of_models = "MODEL_MINUTE" if models else "TOTAL_MINUTE"
    minutes = Tier(name="MINUTE" if names else of_models, length=MINUTE, since=_since(cut))
    hours = Tier(name="HOUR" if names else "MODEL_HOUR", length=HOUR)
    days = Tier(name="DAY" if names else "MODEL_DAY", length=DAY)
    if set(question.dimensions) & set(TIME_DIMENSIONS):
        return [hours, minutes] if in_whole_hours(cut.span, zone_of(question.zone)) else [minutes]
    return [days, hours, minutes]


def _since(cut: Slice) -> datetime:
    # Who merges may have a clock that is a little ahead of ours.
    return minutes_from(cut.now) + HOUR


def _joined(parts: Sequence[Part]) -> list[Part]:
    joined: list[Part] = []
    for part in parts:
        if joined and joined[-1].end == part.start:
            joined[-1] = Part(tier=None, start=joined[-1].start, end=part.end)
        else:
            joined.append(part)
    return joined
