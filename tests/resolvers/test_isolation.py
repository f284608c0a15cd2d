"""Edges of rows from another project than the request's look in the project of those rows."""

from ingest.drafts import StepDraft, TraceDraft
from models.ids import new_id
from models.values import Id, Uuid
from resolvers import recording, steps, traces
from resolvers.context import Context
from resolvers.pages import Page
from tests.resolvers.conftest import elsewhere


async def test_edges_follow_the_project_of_their_parents(context: Context) -> None:
    """Of traces of two projects each gets its own steps, though both have the same id."""
    other = await elsewhere(context)
    trace_id = Uuid(new_id())
    for here, name in ((context, "ours"), (other, "theirs")):
        await recording.create_step(here, StepDraft(trace_id=trace_id, name=name))
    rows = [await traces.one(here, Id(trace_id)) for here in (other, context)]

    pages = await steps.of_traces(context, [row for row in rows if row], page=Page())

    assert [[step["name"] for step in page.rows] for page in pages] == [["theirs"], ["ours"]]


async def test_recorded_trace_is_read_where_it_was_written(context: Context) -> None:
    """A trace recorded into a named project comes back in the answer of the mutation."""
    other = await elsewhere(context)
    draft = TraceDraft(name="run", project=Id(other.project_id))

    payload = await recording.create_trace(context, draft)

    (row,) = await traces.recorded(context, [payload])
    assert row is not None
    assert ("run", other.project_id) == (row["name"], row["project_id"])
