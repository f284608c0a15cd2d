"""Steps by their ids, their traces and their parents: of this project, and of no other."""

from random import shuffle
from time import time_ns
from typing import Any
from uuid import uuid4

import pytest

from auth.viewer import INGEST
from ingest.drafts import Draft, StepDraft, TraceDraft
from models.comparisons import StringFilter
from models.errors import Refused
from models.filters import StepFilter, TraceFilter
from models.ids import new_id
from models.values import Id, Uuid
from resolvers import lists, steps, traces
from resolvers.context import Context
from resolvers.pages import Connection, ForwardPage, Page
from tests.resolvers.conftest import elsewhere, with_scopes
from tests.resolvers.listed import UNKNOWN

TRACE, OTHER_TRACE = Uuid("019ac000-0000-7000-8000-00000000000a"), Uuid("019ac000-0000-7000-8000-00000000000b")
# The statements for one trace and for edges; a connection has them as often as it was asked.
PLANS = """
SELECT generic_plans FROM pg_prepared_statements
WHERE statement LIKE '%LATERAL%LIMIT 21%' AND statement NOT LIKE '%pg_prepared%'
OR statement LIKE '%FROM traces WHERE project_id = $1 AND id = $2'
"""
FORGET = "UPDATE traces SET first_step_id = NULL, last_step_id = NULL WHERE project_id = $1"
NOW, WEEK = time_ns() // 1_000_000, 7 * 24 * 3_600_000
PARENT, STEP = Uuid("019ac000-0000-7000-8000-00000000000c"), Uuid("019ac000-0000-7000-8000-00000000000d")


async def record(context: Context, name: str) -> None:
    """A trace of two steps, the second called by the first."""
    drafts: list[Draft] = [
        TraceDraft(id=TRACE, name=name),
        StepDraft(id=PARENT, trace_id=TRACE, name=f"{name} turn"),
        StepDraft(id=STEP, trace_id=TRACE, parent_id=PARENT, name=f"{name} call"),
    ]
    await context.writer.record(context.project_id, drafts)


async def test_a_foreign_id_answers_like_an_absent_one(context: Context) -> None:
    """What another project holds is not there, by whatever way one asks for it."""
    await record(await elsewhere(context), "theirs")

    assert await steps.one(context, Id(STEP)) is None
    assert names(await steps.page(context, page=Page())) == []
    assert [names(found) for found in await steps.of_traces(context, [trace_in(context)], page=Page())] == [[]]
    assert [names(found) for found in await steps.of_parents(context, [key_in(context)], page=ForwardPage())] == [[]]
    assert await steps.parents_of(context, [child_in(context)]) == [None]


async def test_two_projects_hold_the_same_ids(context: Context) -> None:
    """Each project sees its own steps under the same ids, through every edge, and counts its own."""
    other = await elsewhere(context)
    await record(context, "our")
    await record(other, "their")

    for asked, name in ((context, "our"), (other, "their")):
        step = await steps.one(asked, Id(STEP))
        (of_trace,) = await steps.of_traces(asked, [trace_in(asked)], page=Page())
        (children,) = await steps.of_parents(asked, [key_in(asked)], page=ForwardPage())
        (parent,) = await steps.parents_of(asked, [child_in(asked)])
        assert step is not None
        assert parent is not None
        assert (step["name"], parent["name"]) == (f"{name} call", f"{name} turn")
        assert (sorted(names(of_trace)), names(children)) == ([f"{name} call", f"{name} turn"], [f"{name} call"])
        assert await lists.counts(asked, [of_trace, children]) == [2, 1]


async def test_the_plans_of_what_is_asked_all_the_time_are_kept(context: Context) -> None:
    """PostgreSQL plans no more from the sixth time on that somebody asks for a trace, its steps or their children."""
    await record(context, "our")
    for _ in range(20):
        await traces.one(context, Id(TRACE))
        await steps.of_traces(context, [trace_in(context)], page=Page())
        await steps.of_parents(context, [key_in(context)], page=ForwardPage())

    kept = [row["generic_plans"] > 0 for row in await context.database.fetch(PLANS)]
    assert kept == [True, True, True]


async def test_each_parent_gets_its_own_page(context: Context) -> None:
    """One call answers for many traces: those with many steps, with none, and the same one twice."""
    few, many = Uuid(new_id()), Uuid(new_id())
    drafts = [StepDraft(trace_id=trace, name=f"{n}") for trace, size in ((few, 2), (many, 7)) for n in range(size)]
    await context.writer.record(context.project_id, drafts)
    parents = [trace_in(context) | {"id": trace} for trace in (many, new_id(), few, many)]
    pages = await steps.of_traces(context, parents, page=Page(first=3))

    assert [len(page.nodes) for page in pages] == [3, 0, 2, 3]
    assert [page.has_next_page for page in pages] == [True, False, False, True]
    assert names(pages[0]) == names(pages[3])
    assert await lists.counts(context, pages) == [7, 0, 2, 7]


async def test_one_id_in_two_traces_is_two_steps(context: Context) -> None:
    """A step belongs to its trace: the same id in another trace is another step, with another parent."""
    for trace in (TRACE, OTHER_TRACE):
        drafts = [
            StepDraft(id=PARENT, trace_id=trace, name=f"turn of {trace}"),
            StepDraft(id=STEP, trace_id=trace, parent_id=PARENT, name=f"call of {trace}"),
        ]
        await context.writer.record(context.project_id, drafts)
    keys = [child_in(context) | {"trace_id": trace} for trace in (OTHER_TRACE, TRACE)]
    parents = await steps.parents_of(context, keys)
    children = await steps.of_parents(
        context, [key_in(context), key_in(context) | {"trace_id": OTHER_TRACE}], page=ForwardPage()
    )

    assert [parent and parent["name"] for parent in parents] == [f"turn of {OTHER_TRACE}", f"turn of {TRACE}"]
    assert [names(page) for page in children] == [[f"call of {TRACE}"], [f"call of {OTHER_TRACE}"]]


async def test_steps_are_found_whatever_their_ids(context: Context) -> None:
    """A trace finds all its steps: of any week and of none, sent in any order, before and after the trace itself."""
    ids = [new_id(moment) for moment in (NOW, NOW - 9 * WEEK, NOW + WEEK, 0)] + [str(uuid4()) for _ in range(3)]
    shuffle(ids)
    for number, identity in enumerate(ids):
        step = StepDraft(id=Uuid(identity), trace_id=TRACE, name=f"{number}")
        await context.writer.record(context.project_id, [step] if number else [TraceDraft(id=TRACE, name="t"), step])
    few = StepDraft(id=PARENT, trace_id=OTHER_TRACE, name="only")
    await context.writer.record(context.project_id, [few])
    rows = [row for row in await traces.by_ids(context, [TRACE, OTHER_TRACE]) if row]

    all_, one = await steps.of_traces(context, rows, page=Page())
    (alone,) = await steps.of_traces(context, rows[1:], page=Page())
    assert {row["id"] for row in all_.nodes} == set(ids)
    assert names(one) == names(alone) == ["only"]
    assert [(row["first_step_id"], row["last_step_id"]) for row in rows] == [(min(ids), max(ids)), (PARENT, PARENT)]
    assert await lists.counts(context, [all_, one]) == [len(ids), 1]


async def test_a_trace_that_does_not_know_its_steps_finds_them(context: Context) -> None:
    """Steps from before traces knew their ids are found, also after news of another step."""
    await record(context, "our")
    await context.database.execute(FORGET, context.project_id)
    await context.writer.record(context.project_id, [StepDraft(trace_id=TRACE, name="new")])
    (row,) = await traces.by_ids(context, [TRACE])
    assert row is not None

    (found,) = await steps.of_traces(context, [row], page=Page())
    assert sorted(names(found)) == ["new", "our call", "our turn"]
    by_step = TraceFilter(any_step=StepFilter(name=StringFilter(eq="our call")))
    assert names(await traces.page(context, filter=by_step, page=Page())) == ["our"]


async def test_reading_needs_its_scope(context: Context) -> None:
    """A key without the scope READ sees no step, by id, in a list or through an edge."""
    writer = with_scopes(context, INGEST)
    for question in (
        steps.one(writer, Id(STEP)),
        steps.page(writer, page=Page()),
        steps.of_traces(writer, [trace_in(writer)], page=Page()),
        steps.of_parents(writer, [key_in(writer)], page=ForwardPage()),
        steps.parents_of(writer, [key_in(writer) | {"parent_id": None}]),
    ):
        with pytest.raises(Refused):
            await question


def names(connection: Connection) -> list[str]:
    return [row["name"] for row in connection.nodes]


def key_in(context: Context) -> dict[str, Any]:
    """What edges read of the parent step, in the project of a context."""
    return {"trace_id": TRACE, "id": PARENT, "project_id": context.project_id}


def trace_in(context: Context) -> dict[str, Any]:
    """What edges read of the trace."""
    return {"id": TRACE, "project_id": context.project_id} | UNKNOWN


def child_in(context: Context) -> dict[str, Any]:
    """What edges read of a child of the parent step."""
    return {"trace_id": TRACE, "parent_id": PARENT, "project_id": context.project_id}
