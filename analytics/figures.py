"""Figures: the sums of groups, points and totals."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from analytics.questions import AnalyticsSource
from analytics.samples import Sample, sample_of
from analytics.slices import Key, Place, Slice
from analytics.sources import bounds, exact_facts, facts, facts_of_edges, facts_of_whole, halves
from analytics.statements import FIGURES, RANKED, SKETCHES, TRACE_COUNTS, TRACES_STARTED, VALUES, statement
from models.database import Database
from models.errors import Refused
from models.filter_terms import EVERYTHING
from models.rows import Row

MOST_EXACT = 3_000_000  # values that one answer may hold in memory
MOST_RANKED = 100_000  # groups of each of several projects
SKETCHES_OF = {"duration_ms": "durations", "time_to_first_token_ms": "first_tokens"}
WHOLE_NUMBERS = (
    *("step_count", "error_count", "input_tokens", "output_tokens"),
    *("cache_read_tokens", "cache_write_tokens", "reasoning_tokens"),
)
NUMERICS = ("cost", "duration_microseconds", "first_token_microseconds")
OTHERS: Key = (None, None, None)


@dataclass(frozen=True, kw_only=True)
class Figures:
    """The sums of one place of a slice."""

    slice: Slice
    place: Place
    row: Row


async def ranked(database: Database, whole: Slice, top: int) -> tuple[list[tuple[Key, Figures]], Slice]:
    """The groups with most steps and, under a key of nulls at place 0, all others; and the slice of these groups."""
    projects = whole.question.projects
    if len(projects) == 1:
        rows = await _ranked(database, whole, projects[0], top)
    else:
        rows = _first(await _all_groups(database, whole), top)
    cut = replace(whole, chosen=tuple(_key(row) for row in rows if row["place"]))
    return [(_key(row), Figures(slice=cut, place=(row["place"], 0), row=row)) for row in rows], cut


async def figures(database: Database, cut: Slice) -> dict[Place, Figures]:
    """The figures of every place of a slice that has any."""
    rows: dict[Place, list[Row]] = defaultdict(list)
    for project in cut.question.projects:
        sql, values = statement(FIGURES, facts(cut, project), *_columns(cut.chosen))
        for row in await database.fetch(sql, *values):
            rows[row["place"], row["point"] - 1].append(row)
    return {place: Figures(slice=cut, place=place, row=summed(those)) for place, those in rows.items()}


async def samples(database: Database, cut: Slice, measure: str) -> dict[Place, Sample]:
    """The values of a measure at every place of a slice that has any."""
    async with cut.memory.lock:
        if measure not in cut.memory.samples:
            cut.memory.samples[measure] = await _samples(database, cut, measure)
        return cut.memory.samples[measure]


async def trace_counts(database: Database, cut: Slice) -> dict[Place, int]:
    """How many traces started in the span; in groups and under filters, of how many traces there are such steps."""
    counts: dict[Place, int] = defaultdict(int)
    for project in cut.question.projects:
        for row in await _trace_counts(database, cut, project):
            counts[row["place"], row["point"] - 1] += row["count"]
    return counts


def counts_whole_traces(cut: Slice) -> bool:
    """Whether traces are counted by their own start: a question about everything."""
    return cut.question.term == EVERYTHING and not cut.question.dimensions


def summed(rows: Sequence[Row]) -> Row:
    """The sums of several rows of figures together."""
    if len(rows) == 1:
        return rows[0]
    sums: dict[str, Any] = {name: sum(row[name] for row in rows) for name in WHOLE_NUMBERS}
    return sums | {name: str(sum((Decimal(row[name]) for row in rows), Decimal(0))) for name in NUMERICS}


def added(parts: Sequence[Figures], cut: Slice) -> Figures:
    """The sums of several groups together, as those of a whole slice."""
    return Figures(slice=cut, place=(0, 0), row=summed([part.row for part in parts]))


def check_size(source: AnalyticsSource, steps: int) -> None:
    """Refuse an exact answer over more steps than memory should hold. Raises Refused."""
    if source is AnalyticsSource.STEPS and steps > MOST_EXACT:
        message = f"Exact figures of more than {MOST_EXACT:,} steps; take less time, or drop filters and dimensions."
        raise Refused(message)


async def _samples(database: Database, cut: Slice, measure: str) -> dict[Place, Sample]:
    sketches: dict[Place, list[bytes]] = defaultdict(list)
    exact: dict[Place, list[bytes]] = defaultdict(list)
    whole, edges = halves(cut)
    for project in cut.question.projects:
        if whole:
            told, sketch = facts_of_whole(cut, project), SKETCHES_OF[measure]
            sql, values = statement(SKETCHES, told, *_columns(cut.chosen), sketch=sketch)
            for place, point, packed in await database.fetch(sql, *values):
                sketches[place, point - 1].append(packed)
        if edges:
            told = facts_of_edges(cut, project)
            sql, values = statement(VALUES, told, *_columns(cut.chosen), value=measure)
            for place, point, packed in await database.fetch(sql, *values):
                exact[place, point - 1].append(packed)
    return {place: sample_of(sketches.get(place, ()), exact.get(place, ())) for place in {**sketches, **exact}}


async def _trace_counts(database: Database, cut: Slice, project_id: str) -> Sequence[Row]:
    if counts_whole_traces(cut):
        whole, edges = halves(cut)
        return await database.fetch(TRACES_STARTED, project_id, list(cut.points), *bounds(whole), *bounds(edges)[1:])
    sql, values = statement(TRACE_COUNTS, exact_facts(cut, project_id), *_columns(cut.chosen))
    return await database.fetch(sql, *values)


async def _ranked(database: Database, whole: Slice, project_id: str, top: int) -> Sequence[Row]:
    sql, values = statement(RANKED, facts(whole, project_id), top)
    return await database.fetch(sql, *values)


async def _all_groups(database: Database, whole: Slice) -> dict[Key, list[Row]]:
    groups: dict[Key, list[Row]] = defaultdict(list)
    for project in whole.question.projects:
        rows = await _ranked(database, whole, project, MOST_RANKED)
        if any(not row["place"] for row in rows):
            raise Refused(f"More than {MOST_RANKED:,} groups in one of several projects; ask about that one alone.")
        for row in rows:
            groups[_key(row)].append(row)
    return groups


def _first(groups: Mapping[Key, Sequence[Row]], top: int) -> list[Row]:
    """The groups of several projects as RANKED has those of one."""
    sums = [(key, summed(rows)) for key, rows in groups.items()]
    sums.sort(key=lambda entry: (-entry[1]["step_count"], *_nulls_last(entry[0])))
    found = [_placed(place, key, row) for place, (key, row) in enumerate(sums[:top], start=1)]
    rest = [row for _, row in sums[top:]]
    return [_placed(0, OTHERS, summed(rest)), *found] if rest else found


def _placed(place: int, key: Key, row: Row) -> Row:
    sums = {name: row[name] for name in (*WHOLE_NUMBERS, *NUMERICS)}
    return {"place": place, "k1": key[0], "k2": key[1], "k3": key[2], **sums}


def _nulls_last(key: Key) -> Iterable[tuple[bool, str]]:
    return [(value is None, value or "") for value in key]


def _key(row: Row) -> Key:
    return row["k1"], row["k2"], row["k3"]


def _columns(keys: Sequence[Key]) -> list[list[str | None]]:
    return [[key[place] for key in keys] for place in range(3)]
