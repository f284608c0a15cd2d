"""How a span ended, and what went wrong."""

from typing import Final

from opentelemetry.proto.trace.v1.trace_pb2 import Status

from ingest.otlp.attributes import Attributes, is_true, word
from ingest.rules import MESSAGE_LENGTH
from models.enums import StepStatus

# The conventional value for a failure that has no name.
NAMELESS: Final = "_OTHER"


def status_of(status: Status, attributes: Attributes, exception: Attributes, *, has_ended: bool) -> StepStatus:
    """The status of a span's step: a span without an end is running, one that sets no status went well.

    Unless it tells of an error all the same: by `error.type`, or by an exception that escaped from it.
    """
    code = status.code
    if code == Status.STATUS_CODE_ERROR:
        return StepStatus.ERROR
    if not has_ended:
        return StepStatus.RUNNING
    if code == Status.STATUS_CODE_UNSET and (
        attributes.get("error.type") or (exception and is_true(exception.get("exception.escaped")))
    ):
        return StepStatus.ERROR
    return StepStatus.OK


def error_of(status: Status, attributes: Attributes, exception: Attributes) -> tuple[str | None, str | None]:
    """The type and the message of the error of a span that failed."""
    kind = word(exception, ("exception.type",)) or word(attributes, ("error.type", "exception.type"))
    message = exception.get("exception.message") or status.message or attributes.get("exception.message")
    text = str(message)[:MESSAGE_LENGTH] if message else None
    return (None if kind == NAMELESS and text else kind), text
