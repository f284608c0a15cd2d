"""Filters: names for sets of traces and of steps, the same ones for listing, counting, following and deleting."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from models.comparisons import (
    DateTimeFilter,
    DecimalFilter,
    FloatFilter,
    IDFilter,
    IntFilter,
    JSONFilter,
    StepKindFilter,
    StepStatusFilter,
    StringFilter,
    TagsFilter,
    TraceStatusFilter,
)


@dataclass(frozen=True, kw_only=True)
class StepFilter:
    """A set of steps: those for which everything that is given holds; an empty filter names all of them."""

    and_: Sequence[StepFilter] | None = None
    """All of these hold."""
    or_: Sequence[StepFilter] | None = None
    """One of these holds; an empty list matches nothing."""
    not_: StepFilter | None = None
    """This does not hold: exactly the steps that it leaves out."""
    id: IDFilter | None = None
    """Its id."""
    parent_id: IDFilter | None = None
    """The id of the step it was called from; absent for a step of the trace itself."""
    name: StringFilter | None = None
    """What it is called."""
    kind: StepKindFilter | None = None
    """What it does."""
    status: StepStatusFilter | None = None
    """How it stands."""
    start_time: DateTimeFilter | None = None
    """When it started."""
    duration_ms: FloatFilter | None = None
    """Milliseconds from start to end; absent while it runs."""
    time_to_first_token_ms: FloatFilter | None = None
    """Milliseconds from the start to the first token of a streamed answer."""
    provider: StringFilter | None = None
    """Who serves the model."""
    model: StringFilter | None = None
    """The model it is counted under."""
    attributes: Sequence[JSONFilter] | None = None
    """Values in its attributes; all of them must match."""
    error_type: StringFilter | None = None
    """The kind of error."""
    input_tokens: IntFilter | None = None
    """Tokens of the prompt."""
    output_tokens: IntFilter | None = None
    """Tokens of the answer."""
    total_tokens: IntFilter | None = None
    """Input and output together."""
    cost: DecimalFilter | None = None
    """US dollars; absent when nobody knows."""
    search: str | None = None
    """Words, each of which is somewhere in its name, error message, input or output, in upper or lower case."""


@dataclass(frozen=True, kw_only=True)
class TraceFilter:
    """A set of traces: those for which everything that is given holds; an empty filter names all of them."""

    and_: Sequence[TraceFilter] | None = None
    """All of these hold."""
    or_: Sequence[TraceFilter] | None = None
    """One of these holds; an empty list matches nothing."""
    not_: TraceFilter | None = None
    """This does not hold: exactly the traces that it leaves out."""
    id: IDFilter | None = None
    """Its id."""
    project: IDFilter | None = None
    """Where to look, by id or name, in place of the project of the request; not inside of `and`, `or` and `not`."""
    name: StringFilter | None = None
    """What the workflow is called."""
    status: TraceStatusFilter | None = None
    """How it stands."""
    start_time: DateTimeFilter | None = None
    """When it started."""
    end_time: DateTimeFilter | None = None
    """When it ended; absent while it runs."""
    duration_ms: FloatFilter | None = None
    """Milliseconds from start to end; absent while it runs."""
    session_id: StringFilter | None = None
    """The conversation or session it belongs to."""
    user_id: StringFilter | None = None
    """The end user it ran for."""
    environment: StringFilter | None = None
    """Where it ran."""
    release: StringFilter | None = None
    """The version of the application."""
    service_name: StringFilter | None = None
    """The service that ran it."""
    tags: TagsFilter | None = None
    """Its labels."""
    metadata: Sequence[JSONFilter] | None = None
    """Values in its metadata; all of them must match."""
    model: StringFilter | None = None
    """The models of its steps: one of them matches, or with `ne` none of them is it; `isNull` asks if there is none."""
    error_type: StringFilter | None = None
    """The kind of error."""
    step_count: IntFilter | None = None
    """How many steps it has."""
    error_count: IntFilter | None = None
    """How many of its steps ended with an error."""
    total_tokens: IntFilter | None = None
    """Tokens of all its steps."""
    cost: DecimalFilter | None = None
    """US dollars of all its steps; absent when no step's cost is known."""
    search: str | None = None
    """Words in the name, error message, input or output of the trace or of one of its steps, in upper or lower case."""
    any_step: StepFilter | None = None
    """At least one step matches."""
