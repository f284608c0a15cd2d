"""What mutations answer: the nullable thing, and what the sender can mend."""

from __future__ import annotations

from enum import StrEnum

from ingest.outcomes import Status
from models.values import Id
from resolvers import steps, traces
from schema.answers import answer
from schema.described import enum_of
from schema.row import of_row
from schema.trace import Step, Trace


class UserErrorCode(StrEnum):
    """What kind of mistake a user error is."""

    INVALID = "INVALID"
    """A value breaks a rule."""
    NOT_FOUND = "NOT_FOUND"
    """There is no such thing here."""
    CONFLICT = "CONFLICT"
    """It contradicts what is stored."""
    FORBIDDEN = "FORBIDDEN"
    """This key may not do that."""
    TOO_LARGE = "TOO_LARGE"
    """A value is longer than its limit."""


enum_of(UserErrorCode)


@of_row
class UserError:
    """Something the sender can mend."""

    code: UserErrorCode
    """What kind of mistake it is."""
    message: str
    """The rule and the offending value, for people."""
    path: list[str]
    """The way to the value, from the arguments of the mutation."""


@of_row
class CreateTracePayload:
    """What became of a new trace."""

    trace: Trace | None = answer(traces.recorded)
    duplicate: bool
    """Whether it said nothing new."""
    user_errors: list[UserError]
    """Why it was refused; empty when it is stored."""


@of_row
class UpdateTracePayload:
    """What became of a correction."""

    trace: Trace | None = answer(traces.recorded)
    user_errors: list[UserError]
    """Why it was refused; empty when it is stored."""


@of_row
class CreateStepPayload:
    """What became of a new step."""

    step: Step | None = answer(steps.recorded)
    duplicate: bool
    """Whether it said nothing new."""
    user_errors: list[UserError]
    """Why it was refused; empty when it is stored."""


@of_row
class UpdateStepPayload:
    """What became of a correction."""

    step: Step | None = answer(steps.recorded)
    user_errors: list[UserError]
    """Why it was refused; empty when it is stored."""


@of_row
class IngestResult:
    """What became of one record of a batch."""

    index: int
    """Its place in its list, from 0."""
    id: Id | None
    """Its id; null when it was refused without a valid one."""
    status: Status
    """What became of it."""
    user_errors: list[UserError]
    """Why it was refused; empty when it is stored."""


@of_row
class IngestPayload:
    """What became of a batch; the refused records do not hold up the others."""

    traces: list[IngestResult]
    """One result per trace, in the order of the input."""
    steps: list[IngestResult]
    """One result per step, in the order of the input."""
    accepted: int
    """How many records are stored (new, changed or known)."""
    refused: int
    """How many records broke a rule."""
