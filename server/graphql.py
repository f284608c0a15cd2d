"""The door for GraphQL over HTTP: who may come in, what they ask, and a reply in the form they accept."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, auto
from functools import partial
from http import HTTPStatus

from graphql import OperationType
from starlette.types import Receive, Scope, Send

from models.errors import Fault
from operations.answers import Answer, rejection_answer
from operations.documents import Prepared
from operations.eager import Begun
from operations.engine import Engine
from operations.rejection import Rejected
from server.admission import Admit
from server.body import ClientGone, read_body
from server.caching import tagged
from server.departure import Departure
from server.negotiation import JSON, accepted, accepts_events, is_json
from server.packing import packed
from server.replies import (
    STATUSES,
    Reply,
    Statuses,
    TurnedAway,
    header,
    reply_to_answer,
    reply_to_error,
    reply_to_fault,
    reply_to_rejection,
    reply_to_turned_away,
)
from server.request import GraphQLRequest, read_request, request_in_query
from server.sse import Answers, EventStreams, only
from server.transport import ABORT

METHODS = ("GET", "POST", "QUERY")
# Safe ones ask, and change nothing (RFC 9110, section 9.2.1; QUERY is a GET with a body).
SAFE = ("GET", "QUERY")
NEEDS_A_STREAM = (
    "A subscription needs a stream: connect by WebSocket with the subprotocol graphql-transport-ws, "
    "or accept text/event-stream."
)


class Wanted(Enum):
    """What a client accepts: a plain reply, a stream of events, or either, as the operation needs it."""

    REPLY = auto()
    EVENTS = auto()
    EITHER = auto()


@dataclass(frozen=True, kw_only=True)
class Manners:
    """How replies are made: their status codes, and from how many bytes on they are compressed; 0 compresses none."""

    statuses: Statuses = STATUSES["2025"]
    compress_bytes: int = 0


@dataclass(frozen=True, kw_only=True)
class GraphQLDoor:
    """An ASGI application for one path."""

    engine: Engine
    admit: Admit
    streams: EventStreams
    max_body_bytes: int
    body_seconds: float
    manners: Manners = field(default_factory=Manners)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Reply to one request; whatever goes wrong, the reply has GraphQL's shape."""
        media_type = accepted(header(scope, b"accept")) or JSON
        try:
            outcome = await self._outcome(scope, receive, media_type)
        except ClientGone:
            return
        except TurnedAway as turned_away:
            outcome = reply_to_turned_away(turned_away, media_type)
        except Rejected as rejection:
            outcome = reply_to_rejection(rejection, media_type, self.manners.statuses)
        except Fault as fault:
            outcome = reply_to_fault(fault, media_type)
        except Exception as error:  # noqa: BLE001  a door: what is not ours is masked and logged
            outcome = reply_to_error(error, media_type)
        if isinstance(outcome, Reply):
            await (await self._finished(outcome, scope)).send(send)
        else:
            abort = scope.get("state", {}).get(ABORT)
            await self.streams.send(outcome, receive, send, abort, partial(self._admitted, scope))

    async def _outcome(self, scope: Scope, receive: Receive, media_type: str) -> Reply | Answers:
        _check_method(scope)
        wanted = _wanted(scope)
        context = await self._admitted(scope)
        request = await self._request(scope, receive)
        try:
            prepared = await self.engine.find(request.document, request.operation_name)
        except Rejected as rejection:
            if wanted is Wanted.EVENTS:
                return only(rejection_answer(rejection))
            raise
        _check_operation(scope, prepared, wanted)
        if prepared.type is OperationType.SUBSCRIPTION:
            variables = dict(request.variables or {})  # decoded now: what is no JSON can still be a bad request
            return self.streams.answers(prepared, variables, context, header(scope, b"last-event-id"))
        answer = await self._run(prepared, request, context, receive)
        return only(answer) if wanted is Wanted.EVENTS else reply_to_answer(answer, media_type, self.manners.statuses)

    async def _finished(self, reply: Reply, scope: Scope) -> Reply:
        if scope["method"] in SAFE:
            reply = tagged(reply, header(scope, b"if-none-match"))
        if not 0 < self.manners.compress_bytes <= len(reply.body):
            return reply
        return await packed(reply, header(scope, b"accept-encoding"), self.manners.compress_bytes)

    async def _admitted(self, scope: Scope) -> object:
        return await self.admit(header(scope, b"authorization"), header(scope, b"x-tracegraph-project"))

    async def _request(self, scope: Scope, receive: Receive) -> GraphQLRequest:
        if scope["method"] == "GET":
            return request_in_query(scope["query_string"])
        _check_content(scope)
        body = await read_body(scope, receive, limit=self.max_body_bytes, seconds=self.body_seconds)
        return read_request(body)

    async def _run(self, prepared: Prepared, request: GraphQLRequest, context: object, receive: Receive) -> Answer:
        if prepared.type is not OperationType.QUERY:
            # What was begun to be written is finished, whether or not somebody waits for the answer.
            return await self.engine.run(prepared, request.variables, context)
        running = Begun(self.engine.run(prepared, request.variables, context))
        if running.done:
            return running.value
        async with Departure(receive):
            return await running


def _check_method(scope: Scope) -> None:
    if scope["method"] not in METHODS:
        message = f"The method {scope['method']} is not allowed here."
        headers = {"allow": ", ".join(METHODS), "accept-query": JSON}
        raise TurnedAway(HTTPStatus.METHOD_NOT_ALLOWED, message, headers)


def _wanted(scope: Scope) -> Wanted:
    accept = header(scope, b"accept")
    takes_events, takes_replies = accepts_events(accept), accepted(accept) is not None
    if takes_events:
        return Wanted.EITHER if takes_replies else Wanted.EVENTS
    if takes_replies:
        return Wanted.REPLY
    message = "An answer comes as application/graphql-response+json, application/json or text/event-stream, in UTF-8."
    raise TurnedAway(HTTPStatus.NOT_ACCEPTABLE, message)


def _check_content(scope: Scope) -> None:
    if not is_json(header(scope, b"content-type")):
        raise TurnedAway(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "A request comes as application/json, in UTF-8.")
    if header(scope, b"content-encoding") not in (None, "identity"):
        raise TurnedAway(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "A request comes uncompressed.", {"accept-encoding": "identity"}
        )


def _check_operation(scope: Scope, prepared: Prepared, wanted: Wanted) -> None:
    if prepared.type is OperationType.SUBSCRIPTION and wanted is Wanted.REPLY:
        raise TurnedAway(HTTPStatus.NOT_ACCEPTABLE, NEEDS_A_STREAM)
    if scope["method"] in SAFE and prepared.type is OperationType.MUTATION:
        raise TurnedAway(HTTPStatus.METHOD_NOT_ALLOWED, "A mutation has to be sent by POST.", {"allow": "POST"})
