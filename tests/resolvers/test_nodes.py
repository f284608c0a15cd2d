"""Anything by its id alone: traces, steps, projects and keys of this key's projects, and of no other."""

from dataclasses import replace

import pytest

from auth.keys import create_key
from auth.viewer import INGEST, READ
from ingest.drafts import Draft, StepDraft, TraceDraft
from models.errors import Invalid, Refused
from models.ids import new_id
from models.values import Id, Uuid
from resolvers import nodes
from resolvers.context import Context
from tests.resolvers.conftest import elsewhere, with_scopes

TRACE, STEP = Uuid("019ac000-0000-7000-8000-00000000000a"), Uuid("019ac000-0000-7000-8000-00000000000c")


async def record(context: Context, name: str) -> str:
    """A trace with a step, and a key to their project; returns the id of the key."""
    drafts: list[Draft] = [TraceDraft(id=TRACE, name=name), StepDraft(id=STEP, trace_id=TRACE, name=name)]
    await context.writer.record(context.project_id, drafts)
    row, _ = await create_key(context.database, project_id=context.project_id, name=name, scopes=(READ,))
    return str(row["id"])


def bound(context: Context, *scopes: str) -> Context:
    """Someone whose key opens nothing but the project of the context."""
    viewer = replace(context.viewer, project_id=context.project_id, scopes=frozenset(scopes))
    return replace(context, viewer=viewer)


async def test_everything_is_found_by_its_id(context: Context) -> None:
    """Traces, steps, projects and keys come in the order of the ids, each as what it is; what is nothing is null."""
    key = await record(context, "ours")
    ids = [Id(each) for each in (key, context.project_id, new_id(), STEP.upper(), TRACE, "no id", TRACE)]

    found = await nodes.several(context, ids)

    assert [row and (row["__typename"], row["name"]) for row in found] == [
        ("ApiKey", "ours"),
        ("Project", (await nodes.one(context, Id(context.project_id)) or {})["name"]),
        None,
        ("Step", "ours"),
        ("Trace", "ours"),
        None,
        ("Trace", "ours"),
    ]


async def test_a_foreign_id_answers_like_an_absent_one(context: Context) -> None:
    """What another project holds is not there for a key of this one: trace, step, project and key alike."""
    other = await elsewhere(context)
    ids = [Id(each) for each in (TRACE, STEP, other.project_id, await record(other, "theirs"), new_id())]
    reader = bound(context, READ, "ADMIN")

    assert await nodes.several(reader, ids) == [None] * len(ids)
    assert [await nodes.one(reader, identity) for identity in ids] == [None] * len(ids)


async def test_two_projects_hold_the_same_ids(context: Context) -> None:
    """Each project finds its own trace and step under the same ids."""
    other = await elsewhere(context)
    await record(context, "ours")
    await record(other, "theirs")

    for asked, name in ((context, "ours"), (other, "theirs")):
        found = await nodes.several(asked, [Id(TRACE), Id(STEP)])
        assert [row and row["name"] for row in found] == [name, name]


async def test_a_key_sees_itself_and_no_other(context: Context) -> None:
    """Without the scope ADMIN a key is found by nobody but itself."""
    key, other = await record(context, "ours"), await record(context, "another")
    reader = bound(context, READ)
    asking = replace(reader, viewer=replace(reader.viewer, key_id=key))

    assert [row and row["name"] for row in await nodes.several(asking, [Id(key), Id(other)])] == ["ours", None]


async def test_too_many_ids_are_refused(context: Context) -> None:
    """A hundred ids are answered, one more is refused, and the refusal names the argument."""
    assert await nodes.several(context, [Id(new_id())] * nodes.MOST) == [None] * nodes.MOST

    with pytest.raises(Invalid) as refusal:
        await nodes.several(context, [Id(TRACE)] * (nodes.MOST + 1))
    assert refusal.value.path == ("ids",)


async def test_reading_needs_its_scope(context: Context) -> None:
    """A key without the scope READ finds nothing by its id."""
    with pytest.raises(Refused):
        await nodes.one(with_scopes(context, INGEST), Id(TRACE))
