"""Drafts: what a sender says about a trace or a step; a field that is None says nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from models.enums import StepKind, StepStatus, TraceStatus
from models.values import BigInt, Id, Json, Money, Uuid


@dataclass(frozen=True, kw_only=True)
class Usage:
    """Tokens a model call used. Cached tokens are part of the input, reasoning tokens part of the output."""

    input: BigInt | None = None
    """Tokens of the prompt, cached ones included."""
    output: BigInt | None = None
    """Tokens of the answer, reasoning included."""
    cache_read: BigInt | None = None
    """Input tokens read from the provider's cache."""
    cache_write: BigInt | None = None
    """Input tokens written to the provider's cache."""
    reasoning: BigInt | None = None
    """Output tokens spent on reasoning."""


@dataclass(frozen=True, kw_only=True)
class TraceDraft:
    """A trace as its sender knows it. Facts about one id add up, in any order; the same fact twice changes nothing."""

    id: Uuid | None = None
    """Chosen by the sender (a UUIDv7 is best), so that a retry is safe; without one the server makes one."""
    project: Id | None = None
    """Name or id of the project, for a key of all projects."""
    name: str
    """What the workflow is called; 1 to 1,000 characters."""
    status: TraceStatus | None = TraceStatus.RUNNING
    """How it stands. An end time alone means OK, or ERROR when there is an error."""
    start_time: datetime | None = None
    """When it started; by default the time inside the id, or now."""
    end_time: datetime | None = None
    """When it ended."""
    session_id: str | None = None
    """The conversation or session it belongs to."""
    user_id: str | None = None
    """The end user it ran for."""
    environment: str | None = None
    """Where it ran, for example production."""
    release: str | None = None
    """The version of the application."""
    service_name: str | None = None
    """The service that ran it (OpenTelemetry `service.name`)."""
    tags: Sequence[str] | None = ()
    """Labels; several facts about one trace give the union of their tags."""
    metadata: Json | None = None
    """A JSON object of anything else."""
    input: Json | None = None
    """What the workflow was given; any JSON, kept byte for byte."""
    output: Json | None = None
    """What the workflow answered; any JSON, kept byte for byte."""
    error_type: str | None = None
    """The kind of error, for example TimeoutError."""
    error_message: str | None = None
    """What the error said."""


@dataclass(frozen=True, kw_only=True)
class TraceCorrection:
    """A decision about a trace: the fields given replace what facts said; the others stay as they are."""

    id: Uuid
    """The trace; it may be one that is still to come."""
    name: str | None = None
    """What the workflow is called; 1 to 1,000 characters."""
    status: TraceStatus | None = None
    """How it stands. A final status ends the trace, now if no end time is given."""
    end_time: datetime | None = None
    """When it ended; ends the trace."""
    session_id: str | None = None
    """The conversation or session it belongs to."""
    user_id: str | None = None
    """The end user it ran for."""
    environment: str | None = None
    """Where it ran, for example production."""
    release: str | None = None
    """The version of the application."""
    service_name: str | None = None
    """The service that ran it."""
    tags: Sequence[str] | None = None
    """Labels; replaces the tags there are."""
    metadata: Json | None = None
    """A JSON object; replaces the one there is."""
    input: Json | None = None
    """What the workflow was given."""
    output: Json | None = None
    """What the workflow answered."""
    error_type: str | None = None
    """The kind of error."""
    error_message: str | None = None
    """What the error said."""


@dataclass(frozen=True, kw_only=True)
class StepDraft:
    """A step as its sender knows it. Facts about one id add up, in any order; the same fact twice changes nothing."""

    id: Uuid | None = None
    """Chosen by the sender (a UUIDv7 is best), so that a retry is safe; without one the server makes one."""
    trace_id: Uuid
    """The trace it belongs to; it may be one that is still to come."""
    parent_id: Uuid | None = None
    """The step it was called from."""
    name: str
    """What the step is called; 1 to 1,000 characters."""
    kind: StepKind | None = StepKind.CUSTOM
    """What it does."""
    status: StepStatus | None = StepStatus.RUNNING
    """How it stands. An end time alone means OK, or ERROR when there is an error."""
    start_time: datetime | None = None
    """When it started; by default the time inside the id, or now."""
    end_time: datetime | None = None
    """When it ended."""
    time_to_first_token_ms: float | None = None
    """Milliseconds from the start to the first token of a streamed answer."""
    provider: str | None = None
    """Who serves the model, for example openai (OpenTelemetry `gen_ai.provider.name`)."""
    model: str | None = None
    """The model to count it under; by default the response model, or the requested one."""
    request_model: str | None = None
    """The model that was asked for."""
    response_model: str | None = None
    """The model that answered."""
    usage: Usage | None = None
    """Tokens used."""
    cost: Money | None = None
    """US dollars; when left out it is computed from the tokens and the price of the model."""
    input: Json | None = None
    """What it was given; any JSON, kept byte for byte."""
    output: Json | None = None
    """What it answered; any JSON, kept byte for byte."""
    attributes: Json | None = None
    """A JSON object of anything else."""
    error_type: str | None = None
    """The kind of error, for example RateLimitError."""
    error_message: str | None = None
    """What the error said."""


@dataclass(frozen=True, kw_only=True)
class StepCorrection:
    """A decision about a step: the fields given replace what facts said; the others stay as they are."""

    id: Uuid
    """The step; it may be one that is still to come."""
    trace_id: Uuid
    """The trace it belongs to."""
    name: str | None = None
    """What the step is called; 1 to 1,000 characters."""
    kind: StepKind | None = None
    """What it does."""
    status: StepStatus | None = None
    """How it stands. A final status ends the step, now if no end time is given."""
    end_time: datetime | None = None
    """When it ended; ends the step."""
    time_to_first_token_ms: float | None = None
    """Milliseconds from the start to the first token of a streamed answer."""
    provider: str | None = None
    """Who serves the model."""
    model: str | None = None
    """The model to count it under."""
    request_model: str | None = None
    """The model that was asked for."""
    response_model: str | None = None
    """The model that answered."""
    usage: Usage | None = None
    """Tokens used; a count left out stays as it is."""
    cost: Money | None = None
    """US dollars."""
    input: Json | None = None
    """What it was given."""
    output: Json | None = None
    """What it answered."""
    attributes: Json | None = None
    """A JSON object; replaces the one there is."""
    error_type: str | None = None
    """The kind of error."""
    error_message: str | None = None
    """What the error said."""


Draft = TraceDraft | TraceCorrection | StepDraft | StepCorrection
