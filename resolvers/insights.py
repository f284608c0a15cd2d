"""Answers that find something: in traces, and in windows."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

from analytics.baselines import StepKey, UsualStep, UsualTrace, day_of, usual_steps, usual_traces
from analytics.critical_path import critical_path
from analytics.insights import Insight
from analytics.observed import Observed, wanted_of
from analytics.steps import FACTS, steps_of
from analytics.timeline import timeline_of
from analytics.trace_rules import insights_of_trace
from analytics.watching import evidence_of, window_of
from analytics.window_rules import findings_of_window
from auth.viewer import READ, require
from models.rows import Row
from resolvers import steps
from resolvers.context import Context
from resolvers.isolation import in_their_project
from resolvers.rows import Columns, reads

Found = list[Mapping[str, Any]]


@reads("id", "project_id", "name", "start_time", "end_time", "duration_ms", "cost")
@in_their_project
async def of_traces(context: Context, parents: Sequence[Row]) -> list[Found]:
    """What fixed rules find in the run, what matters most first, at most ten; none where there is nothing to say."""
    require(context.viewer, READ)
    database, project_id = context.database, context.project_id
    found = await steps_of(database, FACTS, project_id, [parent["id"] for parent in parents])
    days = {parent["id"]: day_of(parent["start_time"]) for parent in parents}
    wanted = {parent["id"]: wanted_of(found[parent["id"]], parent["duration_ms"] or 0.0) for parent in parents}
    usual = await usual_steps(database, project_id, [(key, days[trace]) for trace in wanted for key in wanted[trace]])
    runs = await usual_traces(database, project_id, [(parent["name"], days[parent["id"]]) for parent in parents])

    def look(trace: Row) -> Found:
        day = days[trace["id"]]
        usual_of_steps = {key: usual[key, day] for key in wanted[trace["id"]]}
        observed = _observed(trace, found[trace["id"]], usual_of_steps, runs.get((trace["name"], day)))
        return [_shown(insight, insight.evidence) for insight in insights_of_trace(observed)]

    return await asyncio.to_thread(lambda: [look(parent) for parent in parents])


async def of_windows(context: Context, parents: Sequence[Row]) -> list[Found]:
    """What fixed rules find in these steps beside the window before, what matters most first, at most ten."""
    answers: list[Found] = []
    for parent in parents:
        whole = parent["asked"].whole
        findings = findings_of_window(await window_of(context.database, whole))
        evidence = await evidence_of(context.database, whole, findings)
        answers.append([_shown(finding.insight, rows) for finding, rows in zip(findings, evidence, strict=True)])
    return answers


@reads("evidence")
async def evidence(context: Context, parents: Sequence[Row], *, columns: Columns = None) -> list[list[Row]]:
    """The steps that show it, the most telling first, at most five."""
    keys = list(chain.from_iterable(parent["evidence"] for parent in parents))
    found = iter(await steps.recorded(context, keys, columns=columns) if keys else ())
    return [[row for row in [next(found) for _ in parent["evidence"]] if row is not None] for parent in parents]


def _observed(
    trace: Row, rows: Sequence[Row], usual: Mapping[StepKey, UsualStep], usual_trace: UsualTrace | None
) -> Observed:
    timeline = timeline_of(trace, rows)
    path = critical_path(timeline)
    return Observed(trace=trace, steps=rows, timeline=timeline, path=path, usual=usual, usual_trace=usual_trace)


def _shown(insight: Insight, rows: Sequence[Row]) -> Mapping[str, Any]:
    cost = insight.impact_cost
    return vars(insight) | {"impact_cost": None if cost is None else f"{cost:.6f}", "evidence": rows}
