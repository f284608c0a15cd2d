"""Asking for an export: who may, what is refused and why, and that a foreign project is as good as none."""

from dataclasses import replace
from typing import Any

import pytest

from auth.projects import create_project
from auth.viewer import ADMIN, INGEST
from export.selection import ExportFormat, ExportKind
from models.comparisons import IDFilter, StringFilter
from models.errors import Refused
from models.filters import StepFilter, TraceFilter
from models.ids import new_id
from models.values import Id
from resolvers.context import Context
from resolvers.exports import PATH, Wanted, create_export
from tests.resolvers.conftest import elsewhere, with_scopes

LONG = StringFilter(eq="x" * 1_001)


async def test_the_url_opens_what_was_chosen(context: Context) -> None:
    """The ticket in the URL names the project, the rows, their fields and the form."""
    name = StringFilter(eq="run")
    wanted = Wanted(kind=ExportKind.STEPS, format=ExportFormat.CSV, steps=StepFilter(name=name), fields=["name", "id"])
    payload = await create_export(context, wanted)
    ticket = await context.tickets.read(context.database, payload["export"]["url"].removeprefix(PATH))

    assert payload["user_errors"] == []
    assert ticket.selection.projects == (context.project_id,)
    assert ticket.selection.fields == ("projectId", "traceId", "id", "name")
    assert ticket.selection.steps == StepFilter(name=name)
    assert ticket.key_id == context.viewer.key_id


async def test_an_export_needs_the_scope(context: Context) -> None:
    """Who may not read may not export."""
    with pytest.raises(Refused):
        await create_export(with_scopes(context, INGEST, ADMIN), Wanted())


@pytest.mark.parametrize(
    ("wanted", "path", "words"),
    [
        (Wanted(fields=["name", "salary"]), ["fields", "1"], "startTime"),
        (Wanted(kind=ExportKind.STEPS, fields=["metadata"]), ["fields", "0"], "attributes"),
        (Wanted(traces=TraceFilter(name=LONG)), ["traces", "name", "eq"], "1,000"),
        (Wanted(kind=ExportKind.STEPS, steps=StepFilter(name=LONG)), ["steps", "name", "eq"], "1,000"),
        (Wanted(steps=StepFilter()), ["steps"], "anyStep"),
        (Wanted(traces=TraceFilter(id=IDFilter(in_=[Id(new_id()) for _ in range(999)]))), [], "URL"),
    ],
)
async def test_a_mistake_is_told_with_its_path(context: Context, wanted: Wanted, path: list[str], words: str) -> None:
    """What the sender can mend is a user error that leads to it, and there is no URL."""
    payload = await create_export(context, wanted)
    (error,) = payload["user_errors"]

    assert payload["export"] is None
    assert (error["code"], error["path"]) == ("INVALID", ["input", *path])
    assert words in error["message"]


async def test_a_foreign_project_is_as_good_as_none(context: Context) -> None:
    """A key of one project learns nothing about others: not by its own argument, and not by a filter."""
    other = await elsewhere(context)
    here = replace(context, viewer=replace(context.viewer, project_id=context.project_id))
    answers: list[Any] = []
    for project in (other.project_id, new_id()):
        by_filter = TraceFilter(project=IDFilter(in_=[Id(context.project_id), Id(project)]))
        answers += [await create_export(here, Wanted(project=Id(project)))]
        answers += [await create_export(here, Wanted(traces=by_filter))]

    assert answers[:2] == answers[2:]
    assert {answer["user_errors"][0]["code"] for answer in answers} == {"NOT_FOUND"}


async def test_several_projects_leave_together(context: Context) -> None:
    """A key of all projects exports those that the filter names."""
    other = (await create_project(context.database, "other"))["id"]
    both = TraceFilter(project=IDFilter(in_=[Id(context.project_id), Id("other")]))
    payload = await create_export(context, Wanted(traces=both))
    ticket = await context.tickets.read(context.database, payload["export"]["url"].removeprefix(PATH))

    assert set(ticket.selection.projects) == {context.project_id, other}
