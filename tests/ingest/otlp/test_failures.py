"""What went wrong in a span, told by its status, its exceptions and `error.type`."""

from typing import Any

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from models.enums import StepStatus
from tests.fakes.spans import event, span, step_of

FAILED = Status(code=Status.STATUS_CODE_ERROR, message="It failed.")
TIMEOUT = {"exception.type": "builtins.TimeoutError", "exception.message": "too slow"}


@pytest.mark.parametrize(
    ("attributes", "fields", "expected"),
    [
        ({}, {"status": FAILED}, (None, "It failed.")),
        ({"error.type": "429"}, {"status": FAILED}, ("429", "It failed.")),
        ({"error.type": "_OTHER"}, {"status": FAILED}, (None, "It failed.")),
        ({"error.type": "429"}, {"status": FAILED, "events": [event("exception", TIMEOUT)]}, tuple(TIMEOUT.values())),
        ({"error.type": "TimeoutError"}, {}, ("TimeoutError", None)),
        ({}, {"events": [event("exception", {**TIMEOUT, "exception.escaped": "True"})]}, tuple(TIMEOUT.values())),
        ({}, {"status": FAILED, "end_time_unix_nano": 0}, (None, "It failed.")),
    ],
)
def test_error(attributes: dict[str, object], fields: dict[str, Any], expected: tuple[str, str]) -> None:
    """The exception says most, then `error.type` and the message of the status."""
    step = step_of(span(attributes, **fields))

    assert step.status is StepStatus.ERROR
    assert (step.error_type, step.error_message) == expected


def test_last_exception_counts() -> None:
    """Of several exceptions, as after retries, the last one ended the span."""
    retried = event("exception", {"exception.type": "ConnectionError"})
    step = step_of(span(status=FAILED, events=[retried, event("exception", TIMEOUT)]))

    assert step.error_type == "builtins.TimeoutError"


@pytest.mark.parametrize("code", [Status.STATUS_CODE_UNSET, Status.STATUS_CODE_OK])
def test_handled_exception_is_no_error(code: Status.StatusCode.ValueType) -> None:
    """An exception that the span got over stays among its attributes only."""
    step = step_of(span(status=Status(code=code), events=[event("exception", TIMEOUT)]))

    assert (step.status, step.error_type, step.error_message) == (StepStatus.OK, None, None)
    assert "too slow" in (step.attributes or "")


def test_success_that_was_stated() -> None:
    """A span that says it went well did, whatever `error.type` it carries."""
    stated = Span(status=Status(code=Status.STATUS_CODE_OK)).status

    assert step_of(span({"error.type": "x"}, status=stated)).status is StepStatus.OK
