"""Answers that grade: traces, windows, groups and models."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from analytics.baselines import day_of, usual_failures, usual_traces
from analytics.figures import figures, samples
from analytics.grades import row_of
from analytics.measures import measures_at
from analytics.project_targets import targets_of
from analytics.questions import Dimension
from analytics.slices import Slice
from analytics.step_grades import StepMeasures, Usual, grade_of_steps, median_of, step_measures
from analytics.trace_grades import Measures, grade_of_trace
from auth.viewer import READ, require
from models.rows import Row
from models.targets import Targets
from resolvers.context import Context
from resolvers.isolation import in_their_project
from resolvers.rows import reads

GRADED = (
    *("id", "project_id", "name", "status", "start_time", "duration_ms"),
    *("step_count", "error_count", "output_tokens", "cost"),
)
OF_OUTCOMES = {Dimension.STATUS, Dimension.ERROR_TYPE}
OF_WORK = {Dimension.KIND, Dimension.NAME}
Graded = Mapping[str, Any] | None
Beside = Mapping[int, Usual | None]


@reads(*GRADED)
@in_their_project
async def of_traces(context: Context, parents: Sequence[Row]) -> list[Graded]:
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


async def of_windows(context: Context, parents: Sequence[Row]) -> list[Graded]:
    """How good these steps were, beside those of the window of the same length just before, or the project's targets.

    Null when there is too little to compare them with.
    """
    answers: list[Graded] = []
    for parent in parents:
        whole: Slice = parent["asked"].whole
        own = await _measures(context, whole, {0: parent["totals"]})
        usual = await _usual_before(context, whole, own)
        answers.append(row_of(grade_of_steps(own[0], usual[0], await _targets(context, whole))))
    return answers


async def of_groups(context: Context, parents: Sequence[Row]) -> list[Graded]:
    """How good the steps of this group were, beside the median of the groups, or the project's targets.

    Groups by kind or name are compared with themselves in the window before. Null for groups by status or error type,
    and when there is too little to compare with.
    """
    answers: dict[int, Graded] = {}
    for asked in {id(parent["asked"]): parent["asked"] for parent in parents}.values():
        groups = {parent["place"]: parent for parent in parents if parent["asked"] is asked}
        dimensions = set(asked.groups.question.dimensions)
        if not dimensions & OF_OUTCOMES:
            own = await _measures(context, asked.groups, {place: group["metrics"] for place, group in groups.items()})
            if dimensions & OF_WORK:
                usual = await _usual_before(context, asked.groups, own)
            else:
                named = [own[place] for place, group in groups.items() if all(part["value"] for part in group["key"])]
                usual = _usual_beside(own, named, "groups")
            targets = await _targets(context, asked.groups)
            answers |= {
                id(groups[place]): row_of(grade_of_steps(of, usual[place], targets)) for place, of in own.items()
            }
    return [answers.get(id(parent)) for parent in parents]


async def of_models(context: Context, parents: Sequence[Row]) -> list[Graded]:
    """How good the steps of this model were, beside the median of the models compared, or the project's targets.

    Null when there is too little to compare with.
    """
    answers: dict[int, Graded] = {}
    for compared in {id(parent["compared"]): parent["compared"] for parent in parents}.values():
        rows = {row["metrics"]["place"][0]: row for row in compared.rows}
        own = await _measures(context, compared.slice, {place: row["metrics"] for place, row in rows.items()})
        usual = _usual_beside(own, list(own.values()), "models")
        targets = await _targets(context, compared.slice)
        answers |= {id(rows[place]): row_of(grade_of_steps(of, usual[place], targets)) for place, of in own.items()}
    return [answers.get(id(parent)) for parent in parents]


@reads("id")
async def targets_of_projects(context: Context, parents: Sequence[Row]) -> list[Mapping[str, Any]]:
    """What grades measure against."""
    found = await targets_of(context.database, [parent["id"] for parent in parents])
    return [vars(found[parent["id"]]) for parent in parents]


async def _measures(context: Context, cut: Slice, measures: Mapping[int, Mapping[str, Any]]) -> dict[int, StepMeasures]:
    """The figures to grade of each group of a slice."""
    found = await samples(context.database, cut, "duration_ms")
    return {place: step_measures(of, found.get((place, 0))) for place, of in measures.items()}


async def _usual_before(context: Context, cut: Slice, places: Iterable[int]) -> Beside:
    """The same groups in the window before."""
    before = cut.before()
    found = await figures(context.database, before)
    own = await _measures(context, before, {place: measures_at(found, before, (place, 0)) for place in places})
    return {place: Usual(measures=of, told="in the window before it was {}") for place, of in own.items()}


def _usual_beside(places: Iterable[int], groups: Sequence[StepMeasures], called: str) -> Beside:
    """The median of these groups, for each place."""
    median = median_of(groups)
    usual = Usual(measures=median, told=f"the median of the {len(groups):,} {called} is {{}}") if median else None
    return dict.fromkeys(places, usual)


async def _targets(context: Context, cut: Slice) -> Targets:
    """The targets of the project of a slice; several projects have none together."""
    projects = cut.question.projects
    return (await targets_of(context.database, projects))[projects[0]] if len(projects) == 1 else Targets()
