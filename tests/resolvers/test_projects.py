"""Projects by id and by name, how many traces they hold and which keys open them; those of others are not there."""

from dataclasses import replace

import pytest

from auth.keys import create_key
from auth.projects import create_project
from auth.viewer import ADMIN, INGEST, READ
from ingest.drafts import TraceDraft
from models.comparisons import IDFilter
from models.errors import Invalid, NotFound, Refused
from models.filters import TraceFilter
from models.ids import new_id
from models.values import Id
from resolvers import projects
from resolvers.context import Context
from tests.resolvers.conftest import elsewhere, with_scopes


@pytest.fixture
def reader(context: Context) -> Context:
    """Someone whose key opens nothing but the project of the context."""
    viewer = replace(context.viewer, project_id=context.project_id, scopes=frozenset({READ}))
    return replace(context, viewer=viewer)


async def test_a_project_is_found_by_id_or_name(context: Context) -> None:
    """Either names the same project; in any spelling of the id, in just this spelling of the name."""
    project = await create_project(context.database, f"shop {new_id()}")

    for found in (
        await projects.one(context, id=Id(project["id"])),
        await projects.one(context, id=Id(project["id"].upper())),
        await projects.one(context, name=project["name"]),
    ):
        assert found is not None
        assert (found["id"], found["name"]) == (project["id"], project["name"])
    assert await projects.one(context, name=project["name"].upper()) is None
    assert await projects.one(context, id=Id("no id")) is None


async def test_a_foreign_project_answers_like_an_absent_one(context: Context, reader: Context) -> None:
    """A key of one project finds no other, by id, by name, among all, or to look in."""
    other = await elsewhere(context)
    (theirs,) = await projects.by_ids(context, [other.project_id])
    assert theirs is not None
    absent, foreign = Id(new_id()), Id(other.project_id)

    for identity, name in ((foreign, theirs["name"]), (absent, "no such project")):
        assert await projects.one(reader, id=identity) is None
        assert await projects.one(reader, name=name) is None
        with pytest.raises(NotFound) as refusal:
            await projects.chosen(reader, TraceFilter(project=IDFilter(in_=[Id(reader.project_id), identity])))
        assert (refusal.value.message, refusal.value.path) == (
            "There is no such project.",
            ("filter", "project", "in", "1"),
        )
    assert [row["id"] for row in await projects.every(reader)] == [reader.project_id]


@pytest.mark.parametrize(("given", "path"), [({}, "id"), ({"id": Id("x"), "name": "y"}, "name")])
async def test_an_id_or_a_name_has_to_be_given(context: Context, given: dict[str, Id], path: str) -> None:
    """Neither and both are refused, and the refusal names the argument."""
    with pytest.raises(Invalid) as refusal:
        await projects.one(context, **given)

    assert refusal.value.path == (path,)


async def test_a_filter_chooses_projects(context: Context) -> None:
    """What it says of projects is taken out of it and looked up; one that contradicts itself chooses none."""
    other = await elsewhere(context)
    both = [Id(context.project_id), Id(other.project_id)]
    for choice, expected in (
        (None, [context.project_id]),
        (IDFilter(), [context.project_id]),
        (IDFilter(eq=both[1]), [other.project_id]),
        (IDFilter(in_=both), sorted(both)),
        (IDFilter(eq=both[0], in_=both), [both[0]]),
        (IDFilter(in_=[]), []),
        (IDFilter(is_null=True), []),
        (IDFilter(is_null=False), [context.project_id]),
    ):
        assert await projects.chosen(context, TraceFilter(project=choice)) == (expected, TraceFilter()), choice


async def test_projects_count_their_traces_and_show_their_keys(context: Context) -> None:
    """Each has its own traces and the keys that open it alone."""
    other = await elsewhere(context)
    await context.writer.record(context.project_id, [TraceDraft(name="one"), TraceDraft(name="two")])
    key, _ = await create_key(context.database, project_id=other.project_id, name="agent", scopes=(READ,))
    await create_key(context.database, project_id=None, name="everywhere", scopes=(READ,))
    parents = [{"id": each.project_id, "project_id": each.project_id} for each in (other, context)]

    assert await projects.trace_counts(context, parents) == [0, 2]
    assert [[row["id"] for row in keys] for keys in await projects.keys_of(context, parents)] == [[key["id"]], []]
    owners = await projects.of_rows(context, [*parents, {"project_id": None}])
    assert [row and row["id"] for row in owners] == [other.project_id, context.project_id, None]


async def test_keys_and_counts_need_their_scopes(context: Context) -> None:
    """Keys are shown with the scope ADMIN only, counts with READ."""
    parents = [{"id": context.project_id}]
    with pytest.raises(Refused):
        await projects.keys_of(with_scopes(context, READ, INGEST), parents)
    with pytest.raises(Refused):
        await projects.trace_counts(with_scopes(context, INGEST, ADMIN), parents)
