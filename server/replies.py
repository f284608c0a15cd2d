"""What a door replies over HTTP: a status, headers, and a body of GraphQL's shape."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final

from starlette.types import Scope, Send

from models.errors import Conflict, Fault, Invalid, NotFound, Overloaded, Refused, Unauthenticated, Unavailable
from operations.answers import Answer, failure_answer, rejection_answer
from operations.rejection import BAD_REQUEST, Rejected, bad_request
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
        headers = [
            (b"content-type", (self.media_type + self.charset).encode()),
            (b"content-length", b"%d" % len(self.body)),
            *((name.encode(), value.encode()) for name, value in self.headers.items()),
        ]
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": self.body})


class TurnedAway(Exception):
    """The request is refused by the rules of HTTP, before it means anything to GraphQL."""

    def __init__(self, status: HTTPStatus, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.headers = headers or {}


def reply_to_answer(answer: Answer, media_type: str) -> Reply:
    """The reply for an answer of the engine.

    Plain JSON is 200 whatever is in it, as its clients expect, but for a server that could not answer at all: proxies
    and clients know what to do with a 503 (GraphQL over HTTP, sections 6.4.1 and 6.4.2).
    """
    if answer.unavailable is not None:
        return _fault_reply(answer.unavailable, answer.body, media_type)
    is_understood = answer.has_data or media_type == JSON
    return Reply(status=200 if is_understood else 400, body=answer.body, media_type=media_type)


def reply_to_rejection(rejection: Rejected, media_type: str) -> Reply:
    """The reply for a document that can't be run, or for a request that is none."""
    REFUSALS.labels(rejection.code).inc()
    if rejection.code == BAD_REQUEST:
        return Reply(status=400, body=rejection.body, media_type=media_type)
    return reply_to_answer(rejection_answer(rejection), media_type)


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
    values = [value for key, value in scope["headers"] if key == name]
    return b", ".join(values).decode("latin-1") if values else None


def _fault_reply(fault: Fault, body: bytes, media_type: str) -> Reply:
    REFUSALS.labels(fault.code).inc()
    status = next(STATUS[kind] for kind in type(fault).__mro__ if kind in STATUS)
    headers: dict[str, str] = {}
    if isinstance(fault, Unavailable):
        headers["retry-after"] = str(math.ceil(fault.retry_after))
    if isinstance(fault, Unauthenticated):
        headers |= BEARER
    return Reply(status=status, body=body, media_type=media_type, headers=headers)
