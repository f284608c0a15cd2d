"""What a door replies over HTTP: a status, headers, and a body of GraphQL's shape."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from http import HTTPStatus
from typing import Final

from starlette.types import Scope, Send

from models.errors import Conflict, Fault, Invalid, NotFound, Overloaded, Refused, Unauthenticated, Unavailable
from operations.answers import Answer, failure_answer
from operations.rejection import BAD_REQUEST, FORBIDDEN, PARSE_FAILED, NotJSON, Rejected, bad_request
from server.metrics import REFUSALS
from server.negotiation import JSON

STATUS: Final[Mapping[type[Fault], HTTPStatus]] = {
    Unauthenticated: HTTPStatus.UNAUTHORIZED,
    Refused: HTTPStatus.FORBIDDEN,
    NotFound: HTTPStatus.NOT_FOUND,
    Conflict: HTTPStatus.CONFLICT,
    Invalid: HTTPStatus.BAD_REQUEST,
    Overloaded: HTTPStatus.TOO_MANY_REQUESTS,
    Unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
}

BEARER = {"www-authenticate": 'Bearer realm="tracegraph"'}


@dataclass(frozen=True, kw_only=True)
class Reply:
    """A whole response."""

    status: int
    body: bytes
    media_type: str = JSON
    charset: str = "; charset=utf-8"
    headers: Mapping[str, str] = field(default_factory=dict)

    async def send(self, send: Send) -> None:
        """Send it."""
        headers = [(b"content-length", b"%d" % len(self.body))] if self.status != HTTPStatus.NOT_MODIFIED else []
        headers.append(_content_type(self.media_type, self.charset))
        if self.headers:
            headers += [(name.encode(), value.encode()) for name, value in self.headers.items()]
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": self.body})


class TurnedAway(Exception):
    """The request is refused by the rules of HTTP, before it means anything to GraphQL."""

    def __init__(self, status: HTTPStatus, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.headers = headers or {}


@dataclass(frozen=True, kw_only=True)
class Statuses:
    """The status codes of answers in the newer media type."""

    rejected: int
    partial: int


# Those of the published specification, and those of its main branch since August 2026.
STATUSES: Final[Mapping[str, Statuses]] = {
    "2025": Statuses(rejected=400, partial=200),
    "2026": Statuses(rejected=422, partial=294),
}


def reply_to_answer(answer: Answer, media_type: str, statuses: Statuses) -> Reply:
    """The reply for an answer of the engine.

    Plain JSON is 200 whatever is in it, as its clients expect, but for a server that could not answer at all: proxies
    and clients know what to do with a 503 (GraphQL over HTTP, sections 6.4.1 and 6.4.2).
    """
    if answer.unavailable is not None:
        return _fault_reply(answer.unavailable, answer.body, media_type)
    if media_type == JSON or (answer.has_data and not answer.errors):
        return Reply(status=200, body=answer.body, media_type=media_type)
    status = statuses.partial if answer.has_data else statuses.rejected
    return Reply(status=status, body=answer.body, media_type=media_type)


def reply_to_rejection(rejection: Rejected, media_type: str, statuses: Statuses) -> Reply:
    """The reply for a document that can't be run, or for a request that is none."""
    REFUSALS.labels(rejection.code).inc()
    if rejection.code == BAD_REQUEST:
        status = statuses.rejected if media_type != JSON and not isinstance(rejection, NotJSON) else 400
    elif media_type == JSON:
        status = 200
    else:
        status = {PARSE_FAILED: 400, FORBIDDEN: 403}.get(rejection.code, statuses.rejected)
    return Reply(status=status, body=rejection.body, media_type=media_type)


def reply_to_fault(fault: Fault, media_type: str) -> Reply:
    """The reply for a fault that kept the operation from being run."""
    return _fault_reply(fault, failure_answer(fault).body, media_type)


def reply_to_turned_away(turned_away: TurnedAway, media_type: str) -> Reply:
    """The reply for a request that breaks a rule of HTTP."""
    REFUSALS.labels(BAD_REQUEST).inc()
    body = bad_request(str(turned_away)).body
    return Reply(status=turned_away.status, body=body, media_type=media_type, headers=turned_away.headers)


def reply_to_error(error: Exception, media_type: str) -> Reply:
    """The reply for a mistake of ours: it is logged, the client learns its id."""
    REFUSALS.labels(Fault.code).inc()
    return Reply(status=500, body=failure_answer(error).body, media_type=media_type)


def header(scope: Scope, name: bytes) -> str | None:
    """A header of the request; several of the same name are one list."""
    found: bytes | None = None
    for key, value in scope["headers"]:
        if key == name:
            found = value if found is None else found + b", " + value
    return None if found is None else found.decode("latin-1")


@lru_cache(maxsize=64)
def _content_type(media_type: str, charset: str) -> tuple[bytes, bytes]:
    return b"content-type", (media_type + charset).encode()


def _fault_reply(fault: Fault, body: bytes, media_type: str) -> Reply:
    REFUSALS.labels(fault.code).inc()
    status = next(STATUS[kind] for kind in type(fault).__mro__ if kind in STATUS)
    headers: dict[str, str] = {}
    if isinstance(fault, Unavailable):
        headers["retry-after"] = str(math.ceil(fault.retry_after))
    if isinstance(fault, Unauthenticated):
        headers |= BEARER
    return Reply(status=status, body=body, media_type=media_type, headers=headers)
