"""Traces, their steps, and lists of both."""

from __future__ import annotations

from datetime import datetime

from analytics.insights import InsightRule, InsightSeverity
from models.enums import CostSource, StepKind, StepStatus, TraceStatus
from models.values import BigInt, Id, Json, Money
from resolvers import critical_paths, grades, insights, lists, projects, steps, traces
from resolvers.pages import Cursor
from schema.answers import BESIDE_OTHERS, OF_ALL_STEPS, answer, column, same_row
from schema.described import enum_of
from schema.grade import Grade
from schema.node import Node
from schema.project import Project
from schema.row import of_row

for enum in (InsightRule, InsightSeverity):
    enum_of(enum)


@of_row
class TokenUsage:
    """Tokens used. Input includes cached tokens, output includes reasoning tokens (OpenTelemetry GenAI)."""

    input: BigInt = column("input_tokens", absent=0)
    """Tokens of the prompts, cached ones included."""
    output: BigInt = column("output_tokens", absent=0)
    """Tokens of the answers, reasoning included."""
    total: BigInt = column("total_tokens", absent=0)
    """Input and output together."""
    cache_read: BigInt = column("cache_read_tokens", absent=0)
    """Input tokens read from the provider's cache."""
    cache_write: BigInt = column("cache_write_tokens", absent=0)
    """Input tokens written to the provider's cache."""
    reasoning: BigInt = column("reasoning_tokens", absent=0)
    """Output tokens spent on reasoning."""


@of_row
class Trace(Node):
    """One run of a workflow."""

    id: Id
    """The UUID that its sender chose, or that the server made."""
    project: Project = answer(projects.of_rows)
    name: str
    """What the workflow is called; empty while only steps of it have arrived."""
    status: TraceStatus
    """How it stands."""
    start_time: datetime
    """When it started."""
    end_time: datetime | None
    """When it ended; null while it runs."""
    duration_ms: float | None
    """Milliseconds from start to end; null while it runs."""
    session_id: str | None
    """The conversation or session it belongs to."""
    user_id: str | None
    """The end user it ran for."""
    environment: str | None
    """Where it ran, for example production."""
    release: str | None
    """The version of the application."""
    service_name: str | None
    """The service that ran it."""
    tags: list[str]
    """Labels, sorted."""
    metadata: Json
    """A JSON object of anything else."""
    input: Json | None
    """What the workflow was given."""
    output: Json | None
    """What the workflow answered."""
    error_type: str | None
    """The kind of error."""
    error_message: str | None
    """What the error said."""
    step_count: int
    """How many steps it has so far."""
    error_count: int
    """How many of its steps ended with an error."""
    usage: TokenUsage = same_row()
    """Tokens of all its steps."""
    cost: Money | None
    """US dollars of all its steps; null when no step's cost is known."""
    models: list[str]
    """The models its steps used, sorted."""
    created_at: datetime
    """When the server first heard of it."""
    updated_at: datetime
    """When it last changed."""
    steps: StepConnection = answer(steps.of_traces)
    critical_path: list[CriticalPathSegment] = answer(critical_paths.of_traces, work=OF_ALL_STEPS)
    grade: Grade | None = answer(grades.of_traces, work=BESIDE_OTHERS)
    insights: list[Insight] = answer(insights.of_traces, work=OF_ALL_STEPS + BESIDE_OTHERS)


@of_row
class Step(Node):
    """One step of a trace: a model call, tool call, retrieval or agent turn."""

    id: Id
    """The UUID that its sender chose, or that the server made."""
    trace: Trace = answer(traces.of_steps)
    parent: Step | None = answer(steps.parents_of)
    children: StepConnection = answer(steps.of_parents)
    name: str
    """What the step is called."""
    kind: StepKind
    """What it does."""
    status: StepStatus
    """How it stands."""
    start_time: datetime
    """When it started."""
    end_time: datetime | None
    """When it ended; null while it runs."""
    duration_ms: float | None
    """Milliseconds from start to end; null while it runs."""
    time_to_first_token_ms: float | None
    """Milliseconds from the start to the first token of a streamed answer."""
    provider: str | None
    """Who serves the model."""
    model: str | None
    """The model it is counted under."""
    request_model: str | None
    """The model that was asked for."""
    response_model: str | None
    """The model that answered."""
    usage: TokenUsage = same_row()
    """Tokens used; zero where the sender said nothing."""
    cost: Money | None
    """US dollars; null when nobody knows."""
    cost_source: CostSource
    """Where the cost comes from."""
    input: Json | None
    """What it was given."""
    output: Json | None
    """What it answered."""
    attributes: Json
    """A JSON object of anything else."""
    error_type: str | None
    """The kind of error."""
    error_message: str | None
    """What the error said."""
    created_at: datetime
    """When the server first heard of it."""
    updated_at: datetime
    """When it last changed."""


@of_row
class CriticalPathSegment:
    """A part of the critical path: time in which everything waited for one step itself, not for what it called."""

    step: Step = answer(critical_paths.steps_of_segments)
    start_time: datetime
    """When it starts."""
    end_time: datetime
    """When it ends."""
    duration_ms: float
    """How many milliseconds it is long."""
    share: float
    """Its share of the trace's duration, 0 to 1."""


@of_row
class Insight:
    """A finding by a fixed rule, with its evidence and what it costs."""

    rule: InsightRule
    """Which rule found it."""
    severity: InsightSeverity
    """How much it matters."""
    title: str
    """What was found, in a few words."""
    explanation: str
    """The numbers, what they were compared with, and what they mean."""
    impact_ms: float | None
    """Milliseconds that it cost, all its steps together; null where it cost none, or nobody can tell."""
    impact_cost: Money | None
    """US dollars that it cost, all its steps together; null where it cost none, or nobody can tell."""
    evidence: list[Step] = answer(insights.evidence)


@of_row
class PageInfo:
    """Where a page begins and ends (Relay)."""

    has_next_page: bool
    """Whether there is more after this page."""
    has_previous_page: bool
    """Whether there is more before this page."""
    start_cursor: Cursor | None
    """The cursor of the first entry, or how far a search from the end has come; null on an empty page otherwise."""
    end_cursor: Cursor | None
    """The cursor of the last entry, or how far a search has come; null on an empty page otherwise."""


@of_row
class TraceEdge:
    """A trace and its place in a list."""

    cursor: Cursor
    """Its place."""
    node: Trace
    """The trace."""


@of_row
class TraceConnection:
    """A page of traces."""

    edges: list[TraceEdge]
    """The traces with their cursors."""
    nodes: list[Trace]
    """The traces."""
    page_info: PageInfo
    """Where the page begins and ends."""
    total_count: int = answer(lists.counts)


@of_row
class StepEdge:
    """A step and its place in a list."""

    cursor: Cursor
    """Its place."""
    node: Step
    """The step."""


@of_row
class StepConnection:
    """A page of steps."""

    edges: list[StepEdge]
    """The steps with their cursors."""
    nodes: list[Step]
    """The steps."""
    page_info: PageInfo
    """Where the page begins and ends."""
    total_count: int = answer(lists.counts)
