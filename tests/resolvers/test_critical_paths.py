"""Critical paths of stored traces: each of its own project, with steps to read, and of a bearable length."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from auth.viewer import INGEST
from ingest.drafts import Draft, StepDraft, TraceDraft
from models.errors import Refused
from models.ids import new_id
from models.rows import Row
from models.values import Uuid
from resolvers import critical_paths, traces
from resolvers.context import Context
from tests.resolvers.conftest import elsewhere, with_scopes

START = datetime(2026, 11, 16, tzinfo=UTC)


async def test_each_trace_has_its_own_path(context: Context) -> None:
    """One call answers for traces of several projects, with steps and without, in their order."""
    other = await elsewhere(context)
    here, there, empty = Uuid(new_id()), Uuid(new_id()), Uuid(new_id())
    await record(context, here, "our", [(0, 4), (0, 6), (7, 9)])
    await record(other, there, "their", [(2, 10)])
    await record(context, empty, "no", [])
    found = [*await traces.by_ids(context, [here, empty]), *await traces.by_ids(other, [there])]

    ours, none, theirs = await critical_paths.of_traces(context, [row for row in found if row])

    names = await critical_paths.steps_of_segments(context, [*ours, *theirs])
    assert [row and row["name"] for row in names] == ["our 1", "our 2", "their 0"]
    assert [(told(row["start_time"]), told(row["end_time"])) for row in ours] == [(0, 6), (7, 9)]
    assert [(row["duration_ms"], row["share"]) for row in ours] == [(6000, 0.6), (2000, 0.2)]
    assert none == []


async def test_a_long_path_is_told_by_its_longest_parts(context: Context) -> None:
    """Of a chain of more than 1,000 steps the short ones are left out, the others stay in their order."""
    trace = Uuid(new_id())
    spans = [(number, number + (0.5 if number % 3 else 1)) for number in range(1_500)]
    await record(context, trace, "link", spans)
    (found,) = await critical_paths.of_traces(context, [await stored(context, trace)])

    assert len(found) == critical_paths.LONGEST_PATH
    assert sum(row["duration_ms"] == 1000 for row in found) == 500
    assert [row["start_time"] for row in found] == sorted(row["start_time"] for row in found)


async def test_reading_needs_its_scope(context: Context) -> None:
    """A key without the scope READ is told nothing."""
    with pytest.raises(Refused):
        await critical_paths.of_traces(with_scopes(context, INGEST), [])


async def record(context: Context, trace: Uuid, name: str, spans: Sequence[tuple[float, float]]) -> None:
    drafts: list[Draft] = [TraceDraft(id=trace, name=name, start_time=START, end_time=START + timedelta(seconds=10))]
    drafts += made(trace, name, spans)
    for first in range(0, len(drafts), 1_000):
        await context.writer.record(context.project_id, drafts[first : first + 1_000])


def made(trace: Uuid, name: str, spans: Sequence[tuple[float, float]]) -> list[Draft]:
    return [
        StepDraft(
            id=Uuid(new_id()),
            trace_id=trace,
            name=f"{name} {number}",
            start_time=START + timedelta(seconds=start),
            end_time=START + timedelta(seconds=end),
        )
        for number, (start, end) in enumerate(spans)
    ]


async def stored(context: Context, trace: Uuid) -> Row:
    (row,) = await traces.by_ids(context, [trace])
    assert row is not None
    return row


def told(moment: datetime) -> float:
    return (moment - START).total_seconds()
