"""Spans find their parents, in whatever order and company they arrive."""

import random
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from ingest.otlp.request import mapped
from ingest.parents import EARLIER
from ingest.writer import Writer
from models.database import Database
from models.enums import EventType
from models.ids import new_id
from pubsub.memory import MemoryBroker
from tests.fakes.spans import SECOND, START, TRACE, export, span
from tests.ingest.conftest import new_project

STEPS = "SELECT name, parent_id, id FROM trace_steps WHERE project_id = $1"
EVENTS = "SELECT events FROM event_log WHERE project_id = $1 ORDER BY last_pos"

ROOT, AGENT, CALL, TOOL, ORPHAN = (bytes([7] * 7 + [number]) for number in range(1, 6))
FAMILY = {ROOT: b"", AGENT: ROOT, CALL: AGENT, TOOL: AGENT, ORPHAN: b"\1" * 8}
NAMES = {ROOT: "root", AGENT: "agent", CALL: "call", TOOL: "tool", ORPHAN: "orphan"}
PARENTS = {"root": None, "agent": "root", "call": "agent", "tool": "agent"}


def drafts(*span_ids: bytes, trace_id: bytes = TRACE, start: int = START) -> list[Any]:
    """The drafts of these members of the family; each starts a second after its parent."""
    spans = [
        span(
            trace_id=trace_id,
            span_id=span_id,
            parent_span_id=FAMILY[span_id],
            name=NAMES[span_id],
            start_time_unix_nano=start + list(FAMILY).index(span_id) * SECOND,
            end_time_unix_nano=start + 60 * SECOND,
        )
        for span_id in span_ids
    ]
    return [draft for one in mapped(export(*spans)) for draft in one.drafts]


async def parents(database: Database, project_id: str) -> dict[str, str | None]:
    """The name of everyone's parent; the key itself for a parent that never came."""
    rows = await database.fetch(STEPS, project_id)
    by_id = {row["id"]: row["name"] for row in rows}
    return {row["name"]: by_id.get(row["parent_id"], row["parent_id"]) for row in rows}


@settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(some.permutations(list(FAMILY)), some.lists(some.integers(0, 4), max_size=4), some.integers(0, 2**32))
async def test_parents_in_any_order(
    database: Database, writer: Writer, order: list[bytes], cuts: list[int], seed: int
) -> None:
    """Any order, any split into batches and any repetition end with everyone at the right parent."""
    project_id = await new_project(database)
    borders = [0, *sorted(cuts), len(order)]
    batches = [order[low:high] for low, high in pairwise(borders)]
    again = random.Random(seed).sample(batches, k=len(batches) // 2)

    for batch in [*batches, *again]:
        await writer.record(project_id, drafts(*batch))

    found = await parents(database, project_id)
    orphan = found.pop("orphan")
    assert found == PARENTS
    assert orphan is not None
    assert orphan.startswith("00000000-0000-")


async def test_adoption_is_announced(database: Database, writer: Writer, broker: MemoryBroker, project_id: str) -> None:
    """Who follows a trace hears of a step that has found its parent, and nothing when all is told already."""
    await writer.record(project_id, drafts(CALL, TOOL))
    await writer.record(project_id, drafts(AGENT))
    before = await database.fetch(EVENTS, project_id)
    await writer.record(project_id, drafts(CALL, AGENT))

    assert before[-1]["events"].count(EventType.STEP_UPDATED.value) == 2
    assert await database.fetch(EVENTS, project_id) == before


async def test_adoption_stays_in_its_trace(database: Database, writer: Writer, project_id: str) -> None:
    """Another trace, or another project, may have the same span ids; they are other spans."""
    elsewhere = await new_project(database)
    await writer.record(project_id, drafts(CALL))
    await writer.record(project_id, drafts(AGENT, trace_id=b"\2" * 16))
    await writer.record(elsewhere, drafts(AGENT))

    assert (await parents(database, project_id))["call"] == drafts(CALL)[0].parent_id
    await writer.record(project_id, drafts(AGENT))
    assert (await parents(database, project_id))["call"] == "agent"


async def test_parent_that_started_long_before(database: Database, writer: Writer, project_id: str) -> None:
    """A step finds a parent that started weeks before it, whichever comes first."""
    weeks = EARLIER.days * 86_400 * SECOND - 10 * SECOND
    for trace_id, order in ((b"\3" * 16, (ROOT, AGENT)), (b"\4" * 16, (AGENT, ROOT))):
        for member in order:
            start = START - weeks if member == ROOT else START
            await writer.record(project_id, drafts(member, trace_id=trace_id, start=start))

    rows = await database.fetch(STEPS, project_id)
    roots = {row["id"] for row in rows if row["name"] == "root"}
    assert {row["parent_id"] for row in rows if row["name"] == "agent"} == roots
    assert len(roots) == 2


@pytest.mark.parametrize("version", ["7", "4"])
async def test_other_steps_are_left_alone(database: Database, writer: Writer, project_id: str, version: str) -> None:
    """A parent that its sender named by its id stays the parent, there or not."""
    parent_id = f"{new_id()[:14]}{version}{new_id()[15:]}"
    (draft,) = drafts(AGENT)
    await writer.record(project_id, [type(draft)(**{**vars(draft), "parent_id": parent_id})])
    await writer.record(project_id, drafts(ROOT))

    assert (await parents(database, project_id))["agent"] == parent_id
