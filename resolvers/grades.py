"""Answers that grade: traces, windows, groups and models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from analytics.baselines import day_of, usual_failures, usual_traces
from analytics.grades import row_of
from analytics.project_targets import targets_of
from analytics.trace_grades import Measures, grade_of_trace
from auth.viewer import READ, require
from models.rows import Row
from resolvers.context import Context
from resolvers.isolation import in_their_project
from resolvers.rows import reads

GRADED = (
    *("id", "project_id", "name", "status", "start_time", "duration_ms"),
    *("step_count", "error_count", "output_tokens", "cost"),
)


@reads(*GRADED)
@in_their_project
async def of_traces(context: Context, parents: Sequence[Row]) -> list[Mapping[str, Any] | None]:
    """How good the run was, beside the runs of its name in the seven days up to its own, or the project's targets.

    Null while it runs, when it was cancelled, and when there is too little to compare it with.
    """
    require(context.viewer, READ)
    database, project_id = context.database, context.project_id
    keys = [(parent["name"], day_of(parent["start_time"])) for parent in parents]
    usual = await usual_traces(database, project_id, keys)
    failures = await usual_failures(database, project_id, [day for _, day in keys])
    targets = (await targets_of(database, [project_id]))[project_id]
    against = [Measures(targets=targets, usual=usual.get((name, day)), failures=failures[day]) for name, day in keys]
    return [row_of(grade_of_trace(*pair)) for pair in zip(parents, against, strict=True)]


@reads("id")
async def targets_of_projects(context: Context, parents: Sequence[Row]) -> list[Mapping[str, Any]]:
    """What grades measure against."""
    found = await targets_of(context.database, [parent["id"] for parent in parents])
    return [vars(found[parent["id"]]) for parent in parents]
