"""The mutation that deletes traces: by ids or by a filter, within its bounds, and only what the key may see."""

from dataclasses import replace

import orjson
import pytest

from auth.viewer import INGEST, READ
from ingest.drafts import TraceDraft
from models.comparisons import IDFilter, StringFilter
from models.errors import Refused
from models.filters import TraceFilter
from models.ids import new_id
from models.values import Id, Uuid
from resolvers.context import Context
from resolvers.deletion import TraceChoice, delete_traces
from tests.resolvers.conftest import elsewhere, with_scopes

NAMES = "SELECT name FROM traces WHERE project_id = $1 ORDER BY name"
LOG = "SELECT actor_id, details::text FROM audit_log WHERE project_id = $1 AND action = 'traces.deleted'"


async def traces(context: Context, *names: str) -> list[Uuid]:
    drafts = [TraceDraft(id=Uuid(new_id()), name=name) for name in names]
    await context.writer.record(context.project_id, drafts)
    return [draft.id for draft in drafts if draft.id]


async def left(context: Context) -> list[str]:
    return [row["name"] for row in await context.database.fetch(NAMES, context.project_id)]


async def test_traces_are_deleted_by_their_ids(context: Context) -> None:
    """What is there goes, in whatever spelling its id comes; what is not there is passed over."""
    first, second, _ = await traces(context, "a", "b", "c")
    ids = [Uuid(first.upper()), second, second, Uuid(new_id())]
    answer = await delete_traces(context, TraceChoice(ids=ids))

    assert answer == {"deleted_count": 2, "user_errors": []}
    assert await left(context) == ["c"]


async def test_traces_are_deleted_by_a_filter(context: Context) -> None:
    """The filter that lists traces deletes the same ones."""
    await traces(context, "keep", "drop this", "drop that")
    answer = await delete_traces(context, TraceChoice(filter=TraceFilter(name=StringFilter(starts_with="drop"))))

    assert answer["deleted_count"] == 2
    assert await left(context) == ["keep"]


async def test_a_call_deletes_no_more_than_its_bound(context: Context) -> None:
    """Of 1,001 traces a call deletes 1,000; the next one deletes the rest."""
    await traces(context, *["run"] * 1_001)
    choice = TraceChoice(filter=TraceFilter(name=StringFilter(eq="run")))
    counts: list[int] = []
    while not counts or counts[-1]:
        counts.append((await delete_traces(context, choice))["deleted_count"])

    assert sum(counts) == 1_001
    assert max(counts) <= 1_000


@pytest.mark.parametrize(
    ("choice", "path"),
    [
        (TraceChoice(), ["input"]),
        (TraceChoice(ids=[], filter=TraceFilter()), ["input"]),
        (TraceChoice(filter=TraceFilter()), ["input", "filter"]),
        (TraceChoice(filter=TraceFilter(and_=[])), ["input", "filter"]),
        (TraceChoice(ids=[Uuid(new_id())] * 1_001), ["input", "ids"]),
        (TraceChoice(filter=TraceFilter(project=IDFilter(eq=Id("absent")))), ["input", "filter", "project", "eq"]),
    ],
)
async def test_an_unclear_choice_deletes_nothing(context: Context, choice: TraceChoice, path: list[str]) -> None:
    """Nobody deletes everything by leaving something out."""
    await traces(context, "keep")
    answer = await delete_traces(context, choice)

    assert answer["deleted_count"] == 0
    assert [error["path"] for error in answer["user_errors"]] == [path]
    assert await left(context) == ["keep"]


async def test_a_foreign_trace_is_passed_over_like_an_absent_one(context: Context) -> None:
    """A key of one project can't delete what belongs to another, nor learn that it is there."""
    other = await elsewhere(context)
    (foreign,) = await traces(other, "theirs")
    here = replace(context, viewer=replace(context.viewer, project_id=context.project_id))
    project = TraceFilter(project=IDFilter(eq=Id(other.project_id)))
    absent = TraceFilter(project=IDFilter(eq=Id(new_id())))

    assert await delete_traces(here, TraceChoice(ids=[foreign])) == {"deleted_count": 0, "user_errors": []}
    assert await delete_traces(here, TraceChoice(filter=project)) == await delete_traces(
        here, TraceChoice(filter=absent)
    )
    assert await left(other) == ["theirs"]


async def test_a_deletion_is_in_the_audit_log(context: Context) -> None:
    """Which traces went, and by which key, stays known."""
    ids = await traces(context, "a", "b")
    await delete_traces(context, TraceChoice(ids=ids))
    (entry,) = await context.database.fetch(LOG, context.project_id)

    assert entry["actor_id"] == context.viewer.key_id
    assert sorted(orjson.loads(entry["details"])["ids"]) == sorted(ids)


async def test_nothing_is_deleted_without_the_scope(context: Context) -> None:
    """Deleting needs ADMIN; who may read and write may not delete."""
    ids = await traces(context, "keep")
    with pytest.raises(Refused):
        await delete_traces(with_scopes(context, READ, INGEST), TraceChoice(ids=ids))

    assert await left(context) == ["keep"]
