"""Answers to who wants data out: a URL that opens one export for a while."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from auth.projects import project_of
from auth.viewer import READ, require
from export.fields import chosen
from export.selection import ExportFormat, ExportKind, Selection
from models.errors import Fault, Invalid, NotFound
from models.filter_reading import read_steps, read_traces
from models.filters import StepFilter, TraceFilter
from models.values import Id
from resolvers import projects
from resolvers.context import Context

PATH = "/exports/"
INPUT = "input"


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What to export, and how."""

    kind: ExportKind = ExportKind.TRACES
    """What the rows are."""
    format: ExportFormat = ExportFormat.NDJSON
    """The form of the file."""
    project: Id | None = None
    """Where to look, by id or name; the project of the request when left out."""
    traces: TraceFilter | None = None
    """Which traces, or the steps of which traces; all when left out."""
    steps: StepFilter | None = None
    """Which steps; all when left out."""
    fields: Sequence[str] | None = None
    """The names of the fields that are wanted, all when left out; the keys of a row are always there."""


async def create_export(context: Context, input: Wanted) -> Mapping[str, Any]:
    """Make a URL that streams the chosen rows to whoever has it, for some minutes and without a key."""
    require(context.viewer, READ)
    try:
        selection = await _selection(context, input)
        ticket, expires_at = await context.tickets.issue(context.database, selection, context.viewer.key_id)
    except (Invalid, NotFound) as fault:
        return {"export": None, "user_errors": [_user_error(fault)]}
    return {"export": {"url": PATH + ticket, "expires_at": expires_at}, "user_errors": []}


async def _selection(context: Context, wanted: Wanted) -> Selection:
    if wanted.project is not None:
        project_id = await project_of(context.database, context.viewer, wanted.project)
        context = replace(context, project_id=project_id)
    if wanted.steps is not None and wanted.kind is ExportKind.TRACES:
        raise Invalid("Only an export of steps is narrowed by `steps`; for traces, use `anyStep`.", path=["steps"])
    chosen_projects, traces = await projects.chosen(context, wanted.traces, "traces")
    # Both are read now, so that a mistake in one is told to whoever made it, and not by the URL.
    read_traces(traces, ("traces",))
    read_steps(wanted.steps, None, ("steps",))
    return Selection(
        kind=wanted.kind,
        format=wanted.format,
        projects=tuple(chosen_projects),
        fields=chosen(wanted.kind, wanted.fields),
        traces=traces,
        steps=wanted.steps,
    )


def _user_error(fault: Fault) -> Mapping[str, Any]:
    return {"code": fault.code, "message": fault.message, "path": [INPUT, *fault.path]}
