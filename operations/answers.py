"""The answer to an operation: bytes that a door sends as they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import orjson
from graphql import ExecutionResult, GraphQLError

from models.errors import Fault, Unavailable
from operations.rejection import Described, Rejected, described_failure, described_fault, masked


@dataclass(frozen=True, kw_only=True)
class Answer:
    """One GraphQL response.

    `body` is the whole JSON object, `errors` the JSON array of its errors, empty when there are none. Without data the
    operation did not run. `unavailable` is the reason why nothing was answered though it could be at another time.
    `cursor` is where a subscription can be resumed after this answer.
    """

    body: bytes
    has_data: bool
    errors: bytes = b""
    unavailable: Unavailable | None = None
    cursor: str | None = None


def answer(result: ExecutionResult, most_errors: int) -> Answer:
    """The answer for a result of graphql-core; told are at most so many errors."""
    extensions = b',"extensions":' + orjson.dumps(result.extensions) if result.extensions else b""
    if not result.errors:
        return _with_data(result.data, [], extensions)
    told = [described_failure(error) for error in result.errors[:most_errors]]
    return _with_data(result.data, told, extensions, _why_nothing(result.data, result.errors))


def rejection_answer(rejection: Rejected) -> Answer:
    """The answer to an operation that could not run."""
    return without_data(rejection.errors)


def failure_answer(error: BaseException) -> Answer:
    """The answer to an operation that broke off: a fault of ours is told, everything else masked."""
    if isinstance(error, Fault):
        return without_data([described_fault(error)], error if isinstance(error, Unavailable) else None)
    return without_data([masked(error)])


def without_data(errors: Sequence[Described], unavailable: Unavailable | None = None) -> Answer:
    """An answer that has only errors."""
    told = orjson.dumps(errors)
    return Answer(body=b'{"errors":' + told + b"}", has_data=False, errors=told, unavailable=unavailable)


def _with_data(
    data: object, errors: Sequence[Described], extensions: bytes, unavailable: Unavailable | None = None
) -> Answer:
    try:
        written = orjson.dumps(data, option=orjson.OPT_UTC_Z)
    except TypeError as error:  # a scalar of ours let a value pass that is no JSON
        return failure_answer(error)
    if not errors:
        return Answer(body=b'{"data":' + written + extensions + b"}", has_data=True)
    told = orjson.dumps(errors)
    # Errors first: whoever reads a long answer should not have to scroll for them.
    body = b'{"errors":' + told + b',"data":' + written + extensions + b"}"
    return Answer(body=body, has_data=True, errors=told, unavailable=unavailable)


def _why_nothing(data: dict[str, object] | None, errors: Sequence[GraphQLError]) -> Unavailable | None:
    if data and any(value is not None for value in data.values()):
        return None
    causes = (error.original_error for error in errors)
    return next((cause for cause in causes if isinstance(cause, Unavailable)), None)
