"""Watching a window: its steps by name, kind and model, beside the window before, and the steps that show a finding."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from analytics.figures import Figures, figures, ranked, samples
from analytics.insights import MOST_EVIDENCE
from analytics.measures import measures_at
from analytics.questions import Dimension
from analytics.samples import EMPTY
from analytics.slices import Key, Slice
from analytics.sources import shortest_block, source_for
from analytics.times import blocks_of
from analytics.window_rules import Finding, Period, Watched, Window
from models.database import Database
from models.filter_sql import STEPS, condition
from models.rows import Row

DIMENSIONS = (Dimension.NAME, Dimension.KIND, Dimension.MODEL)
MOST_WATCHED = 50
MOST_LOOKED_AT = 5_000  # the latest steps of a span, among which evidence is looked for
DURATION = "duration_ms"

# The steps that show each of several findings, among the latest of its span.
EVIDENCE = """
SELECT wanted.place, found.* FROM unnest(
    $2::text[], $3::text[], $4::text[], $5::text[], $6::timestamptz[], $7::timestamptz[]
) WITH ORDINALITY AS wanted (name, kind, model, worst, start_time, end_time, place)
CROSS JOIN LATERAL (
    SELECT project_id, trace_id, id FROM (
        SELECT project_id, trace_id, id, name, kind, model, status, start_time, duration_ms, cost, input_tokens
        FROM trace_steps
        WHERE project_id = $1 AND start_time >= wanted.start_time AND start_time < wanted.end_time AND {condition}
        ORDER BY start_time DESC, id DESC LIMIT {looked_at}
    ) AS latest
    WHERE name = wanted.name AND kind = wanted.kind AND model IS NOT DISTINCT FROM wanted.model
        AND (wanted.worst <> 'FAILED' OR status = 'ERROR')
    ORDER BY CASE wanted.worst WHEN 'DURATION' THEN duration_ms WHEN 'COST' THEN cost::float8
        WHEN 'INPUT' THEN input_tokens::float8 END DESC NULLS LAST, start_time DESC, id DESC
    LIMIT {most}
) AS found
ORDER BY wanted.place
"""


async def window_of(database: Database, whole: Slice) -> Window:
    """The window of a slice, its 50 groups with most steps watched."""
    source = source_for(DIMENSIONS, whole.question.term)
    asked = replace(whole, question=replace(whole.question, dimensions=DIMENSIONS, source=source))
    found, cut = await ranked(database, asked, MOST_WATCHED)
    before = cut.before()
    then = await figures(database, before)
    now_samples = await samples(database, cut, DURATION)
    then_samples = await samples(database, before, DURATION)
    periods = await _periods(database, cut)
    watched = [
        Watched(
            name=key[0] or "",
            kind=key[1] or "",
            model=key[2],
            now=of.row,
            before=measures_at(then, before, of.place),
            durations=now_samples.get(of.place, EMPTY),
            durations_before=then_samples.get(of.place, EMPTY),
            periods=periods[of.place[0]],
        )
        for key, of in found
        if of.place[0]
    ]
    return Window(start=whole.span.start, end=whole.span.end, totals=_totals(found), watched=watched)


async def evidence_of(database: Database, whole: Slice, findings: Sequence[Finding]) -> list[list[Row]]:
    """The steps that show each finding, the worst first, as far as they are among the latest of its span."""
    evidence: list[list[Row]] = [[] for _ in findings]
    if not findings:
        return evidence
    columns = (
        [finding.of.name for finding in findings],
        [finding.of.kind for finding in findings],
        [finding.of.model for finding in findings],
        [finding.worst.value for finding in findings],
        [finding.start for finding in findings],
        [finding.end for finding in findings],
    )
    told = condition(whole.question.term, STEPS, offset=8)
    sql = EVIDENCE.format(condition=told.sql, looked_at=MOST_LOOKED_AT, most=MOST_EVIDENCE)
    for project in whole.question.projects:
        for row in await database.fetch(sql, project, *columns, *told.values):
            evidence[row["place"] - 1].append(row)
    return [rows[:MOST_EVIDENCE] for rows in evidence]


async def _periods(database: Database, cut: Slice) -> Mapping[int, list[Period]]:
    """The parts of the window in which each group has steps, in order."""
    points = blocks_of(cut.span, shortest_block(cut))
    ends = [*points[1:], cut.span.end]
    found: dict[int, list[Period]] = defaultdict(list)
    parts = await figures(database, replace(cut, points=tuple(points)))
    for (place, point), of in sorted(parts.items()):
        start = max(points[point], cut.span.start)
        period = Period(start=start, end=ends[point], steps=of.row["step_count"], errors=of.row["error_count"])
        found[place].append(period)
    return found


def _totals(found: Sequence[tuple[Key, Figures]]) -> Row:
    rows = [of.row for _, of in found]
    return {
        "cost": str(sum((Decimal(row["cost"]) for row in rows), Decimal(0))),
        "input_tokens": sum(row["input_tokens"] for row in rows),
    }
