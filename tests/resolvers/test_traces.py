"""Traces by their ids: of this project, and of no other."""

import pytest

from auth.viewer import INGEST
from ingest.drafts import TraceCorrection, TraceDraft
from models.enums import TraceStatus
from models.errors import Refused
from models.values import Id, Uuid
from resolvers import traces
from resolvers.context import Context
from resolvers.pages import Page
from tests.resolvers.conftest import elsewhere, with_scopes

TRACE = Uuid("019ac000-0000-7000-8000-00000000000a")


async def test_a_foreign_id_answers_like_an_absent_one(context: Context) -> None:
    """What another project holds is not there, by whatever way one asks for it."""
    other = await elsewhere(context)
    await other.writer.record(other.project_id, [TraceDraft(id=TRACE, name="theirs")])

    assert await traces.one(context, Id(TRACE)) is None
    assert await traces.by_ids(context, [TRACE]) == [None]
    assert await traces.of_steps(context, [{"trace_id": TRACE, "project_id": context.project_id}]) == [None]
    assert (await traces.page(context, page=Page())).nodes == []


async def test_two_projects_hold_the_same_id(context: Context) -> None:
    """Each project sees its own trace; correcting one leaves the other as it is."""
    other = await elsewhere(context)
    await context.writer.record(context.project_id, [TraceDraft(id=TRACE, name="ours")])
    await other.writer.record(other.project_id, [TraceDraft(id=TRACE, name="theirs")])
    await context.writer.record(context.project_id, [TraceCorrection(id=TRACE, status=TraceStatus.OK)])
    ours, theirs = await traces.one(context, Id(TRACE)), await traces.one(other, Id(TRACE))

    assert ours is not None
    assert theirs is not None
    assert (ours["name"], ours["status"]) == ("ours", "OK")
    assert (theirs["name"], theirs["status"]) == ("theirs", "RUNNING")


async def test_an_id_is_known_in_any_spelling(context: Context) -> None:
    """A UUID finds its trace however it is written; any other text answers like an id that is not there."""
    await context.writer.record(context.project_id, [TraceDraft(id=TRACE, name="ours")])
    spellings = [TRACE.upper(), f"{{{TRACE}}}", TRACE.replace("-", ""), f"urn:uuid:{TRACE}"]
    others = ["", "no id", "x" * 10_000, "\x00", TRACE[:-1]]

    assert [row and row["id"] for row in await traces.by_ids(context, spellings)] == [TRACE] * len(spellings)
    assert [await traces.one(context, Id(other)) for other in others] == [None] * len(others)


async def test_reading_needs_its_scope(context: Context) -> None:
    """A key without the scope READ sees no trace, by id, in a list or through a step."""
    writer = with_scopes(context, INGEST)
    for question in (
        traces.one(writer, Id(TRACE)),
        traces.page(writer, page=Page()),
        traces.of_steps(writer, [{"trace_id": TRACE, "project_id": writer.project_id}]),
    ):
        with pytest.raises(Refused):
            await question
