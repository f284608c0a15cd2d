"""Why a document is not run at all, and how an error is told to the client."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias
from uuid import uuid4

import orjson
import structlog
from graphql import GraphQLError

from models.errors import Fault, OutcomeUnknown, Unavailable

Described: TypeAlias = dict[str, Any]

PARSE_FAILED = "GRAPHQL_PARSE_FAILED"
VALIDATION_FAILED = "GRAPHQL_VALIDATION_FAILED"
BAD_REQUEST = "BAD_REQUEST"
INVALID = "INVALID"
REFUSED = "REFUSED"
INTERNAL = "INTERNAL"
FORBIDDEN = "FORBIDDEN"
NOT_PERSISTED = "PERSISTED_QUERY_NOT_FOUND"

LONGEST_MESSAGE = 1_000

log = structlog.get_logger()


class Rejected(Exception):
    """The document can't be run; `errors` are ready to be sent."""

    def __init__(self, errors: Sequence[Described]) -> None:
        super().__init__(errors[0]["message"])
        self.errors = errors

    @property
    def code(self) -> str:
        """The code of the first error."""
        return str(self.errors[0]["extensions"]["code"])

    @property
    def body(self) -> bytes:
        """The whole answer: errors and no data."""
        return orjson.dumps({"errors": self.errors})


class NotJSON(Rejected):
    """The request is not even JSON."""


def rejected(errors: Sequence[GraphQLError], code: str, most: int) -> Rejected:
    """A rejection for mistakes that graphql-core found in a request: at most so many of them are told."""
    return Rejected([described(error, code) for error in errors[:most]])


def refused(message: str, limit: str, maximum: int) -> Rejected:
    """A rejection for a document that asks for too much; names the limit."""
    return Rejected([{"message": message, "extensions": {"code": REFUSED, "limit": limit, "maximum": maximum}}])


def bad_request(message: str) -> Rejected:
    """A rejection for a request that can't be understood."""
    return failed(message, BAD_REQUEST)


def forbidden(message: str) -> Rejected:
    """A rejection for a document that is not run for anybody."""
    return failed(message, FORBIDDEN)


def failed(message: str, code: str) -> Rejected:
    """A rejection for one reason."""
    return Rejected([{"message": message, "extensions": {"code": code}}])


def described(error: GraphQLError, code: str) -> Described:
    """A client's own mistake, as JSON."""
    told: Described = {"message": error.message[:LONGEST_MESSAGE]}
    _locate(told, error)
    return told | {"extensions": {"code": code}}


def described_failure(error: GraphQLError) -> Described:
    """What went wrong while a field was answered: our faults are told, everything else is masked and logged."""
    cause = error.original_error
    if isinstance(cause, Fault):
        told = described_fault(cause)
    elif _is_about_arguments(error):
        return described(error, INVALID)
    else:
        told = masked(cause or error, path=error.path)
    _locate(told, error)
    return told


def described_fault(fault: Fault) -> Described:
    """One of our faults, as JSON: `extensions` carry its code, the path in the input, when to retry, and any doubt."""
    extensions: Described = {"code": fault.code}
    if fault.path:
        extensions["path"] = list(fault.path)
    if isinstance(fault, Unavailable):
        extensions["retryAfter"] = fault.retry_after
    if isinstance(fault, OutcomeUnknown):
        extensions["outcome"] = "UNKNOWN"
    return {"message": fault.message[:LONGEST_MESSAGE], "extensions": extensions}


def masked(error: BaseException, **context: object) -> Described:
    """An error that is not the client's business: it learns an id, the log tells the rest."""
    error_id = uuid4().hex
    log.error("operation failed", error_id=error_id, exc_info=error, **context)
    return {
        "message": f"Something went wrong on our side; the error id is {error_id}.",
        "extensions": {"code": INTERNAL, "errorId": error_id},
    }


def _locate(told: Described, error: GraphQLError) -> None:
    if error.locations:
        told["locations"] = [{"line": place.line, "column": place.column} for place in error.locations]
    if error.path is not None:
        told["path"] = error.path


def _is_about_arguments(error: GraphQLError) -> bool:
    # graphql-core points at the argument in the document when it can't coerce it, and at nothing when it is our
    # value that it can't serialise.
    cause = error.original_error
    return cause is None or (isinstance(cause, GraphQLError) and bool(cause.nodes))
