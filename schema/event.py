"""Events: what happened, as subscribers see it."""

from datetime import datetime

import strawberry

from models.enums import EventType
from models.values import Id
from resolvers.pages import Cursor
from schema.described import described
from schema.row import by_typename, of_row
from schema.trace import Step, Trace


@strawberry.interface(description="Something that happened in the project.")
class Event:
    """Something that happened in the project."""

    resolve_type = staticmethod(by_typename)

    cursor: Cursor
    """Its place in the stream; resume with `after` from here."""
    type: EventType
    """What happened."""
    occurred_at: datetime
    """When it was committed."""


described(Event)


@of_row
class TraceStarted(Event):
    """A trace was heard of for the first time."""

    trace: Trace
    """The trace as it is now."""


@of_row
class TraceUpdated(Event):
    """Something about a trace changed."""

    trace: Trace
    """The trace as it is now."""


@of_row
class TraceFinished(Event):
    """A trace reached its end."""

    trace: Trace
    """The trace as it is now."""


@of_row
class TraceDeleted(Event):
    """A trace and its steps were deleted."""

    trace_id: Id
    """The trace that is gone."""


@of_row
class StepStarted(Event):
    """A step was heard of for the first time."""

    step: Step
    """The step as it is now."""


@of_row
class StepUpdated(Event):
    """Something about a step changed."""

    step: Step
    """The step as it is now."""


@of_row
class StepFinished(Event):
    """A step reached its end."""

    step: Step
    """The step as it is now."""


@of_row
class Checkpoint(Event):
    """Nothing matched, but the stream has moved on to here: resume from this cursor."""


EVENTS = (
    TraceStarted, TraceUpdated, TraceFinished, TraceDeleted, StepStarted, StepUpdated, StepFinished, Checkpoint,
)  # fmt: skip
