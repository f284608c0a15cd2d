"""Answers to mutations that record traces and steps: drafts go down to the writer, outcomes come back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from auth.projects import project_of
from auth.viewer import INGEST, require
from ingest.drafts import Draft, StepCorrection, StepDraft, TraceCorrection, TraceDraft
from ingest.outcomes import Outcome, Status
from models.errors import Invalid, NotFound, OutcomeUnknown, Unavailable
from resolvers.context import Context

LARGEST_BATCH = 1_000
PARTLY = "Only the records of some projects are stored. Send the same ids again, that is safe."


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Up to 1,000 records that become durable together."""

    traces: Sequence[TraceDraft] | None = ()
    """Traces, in any order."""
    steps: Sequence[StepDraft] | None = ()
    """Steps, in any order; their traces may come later."""


async def create_trace(context: Context, input: TraceDraft) -> Mapping[str, Any]:
    """Record what is known of a trace; answered after it is durable."""
    return await _one(context, input, await _project(context, input.project))


async def update_trace(context: Context, input: TraceCorrection) -> Mapping[str, Any]:
    """Correct or end a trace; answered after it is durable."""
    return await _one(context, input, context.project_id)


async def create_step(context: Context, input: StepDraft) -> Mapping[str, Any]:
    """Record what is known of a step; answered after it is durable."""
    return await _one(context, input, context.project_id)


async def update_step(context: Context, input: StepCorrection) -> Mapping[str, Any]:
    """Correct or end a step; answered after it is durable."""
    return await _one(context, input, context.project_id)


async def ingest(context: Context, input: Batch) -> Mapping[str, Any]:
    """Record up to 1,000 traces and steps in one durable commit, each with its own result."""
    traces, steps = list(input.traces or ()), list(input.steps or ())
    if len(traces) + len(steps) > LARGEST_BATCH:
        message = f"A batch holds up to {LARGEST_BATCH:,} records; this one has {len(traces) + len(steps):,}."
        raise Invalid(message, path=["input"])
    outcomes = await _recorded(context, [*traces, *steps])
    refused = sum(outcome.status == Status.REFUSED for outcome in outcomes)
    return {
        "traces": _results(outcomes[: len(traces)], "traces"),
        "steps": _results(outcomes[len(traces) :], "steps"),
        "accepted": len(outcomes) - refused,
        "refused": refused,
    }


async def _one(context: Context, draft: Draft, project_id: str) -> Mapping[str, Any]:
    require(context.viewer, INGEST)
    (outcome,) = await context.writer.record(project_id, [draft])
    stored = outcome.status != Status.REFUSED
    return {
        "project_id": project_id,
        "id": outcome.id if stored else None,
        "trace_id": outcome.trace_id if stored else None,
        "duplicate": outcome.status == Status.DUPLICATE,
        "user_errors": user_errors(outcome, "input"),
    }


async def _recorded(context: Context, drafts: Sequence[Draft]) -> list[Outcome]:
    """Record drafts of possibly several projects, one commit per project; outcomes in the order of the drafts."""
    require(context.viewer, INGEST)
    places: dict[str, list[int]] = {}
    for place, draft in enumerate(drafts):
        wanted = draft.project if isinstance(draft, TraceDraft) else None
        places.setdefault(await _project(context, wanted), []).append(place)
    outcomes: dict[int, Outcome] = {}
    for project_id, indexes in places.items():
        try:
            answers = await context.writer.record(project_id, [drafts[index] for index in indexes])
        except Unavailable as error:
            if outcomes:
                raise OutcomeUnknown(PARTLY) from error
            raise
        outcomes |= dict(zip(indexes, answers, strict=True))
    return [outcomes[place] for place in range(len(drafts))]


async def _project(context: Context, wanted: str | None) -> str:
    if wanted is None:
        return context.project_id
    try:
        return await project_of(context.database, context.viewer, wanted)
    except NotFound as error:
        raise Invalid(error.message, path=["input", "project"]) from error


def _results(outcomes: Sequence[Outcome], name: str) -> list[Mapping[str, Any]]:
    return [
        {
            "index": index,
            "id": outcome.id,
            "status": outcome.status,
            "user_errors": user_errors(outcome, "input", name, str(index)),
        }
        for index, outcome in enumerate(outcomes)
    ]


def user_errors(outcome: Outcome, *path: str) -> list[Mapping[str, Any]]:
    """What the sender can mend, each with the way to the field from the arguments."""
    return [
        {"code": problem.code, "message": problem.message, "path": [*path, *problem.path]}
        for problem in outcome.problems
    ]
