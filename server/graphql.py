"""The door for GraphQL over HTTP: who may come in, what they ask, and a reply in the form they accept."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus

from graphql import OperationType
from starlette.types import Receive, Scope, Send

from models.errors import Fault
from operations.answers import Answer
from operations.documents import Prepared
from operations.engine import Engine
from operations.rejection import Rejected, bad_request
from server.admission import Admit
from server.body import ClientGone, parse_json, read_body
from server.departure import Departure
from server.negotiation import JSON, accepted, is_json
from server.replies import (
    Reply,
    TurnedAway,
    header,
    reply_to_answer,
    reply_to_error,
    reply_to_fault,
    reply_to_rejection,
)
from server.request import GraphQLRequest, request_in, request_in_query

METHODS = ("GET", "POST")


@dataclass(frozen=True, kw_only=True)
class GraphQLDoor:
    """An ASGI application for one path."""

    engine: Engine
    admit: Admit
    max_body_bytes: int
    body_seconds: float

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Reply to one request; whatever goes wrong, the reply has GraphQL's shape."""
        accept = header(scope, b"accept")
        media_type = accepted(accept) or JSON
        try:
            reply = await self._reply(scope, receive, media_type)
        except ClientGone:
            return
        except TurnedAway as turned_away:
            rejection = bad_request(str(turned_away))
            reply = Reply(
                status=turned_away.status, body=rejection.body, media_type=media_type, headers=turned_away.headers
            )
        except Rejected as rejection:
            reply = reply_to_rejection(rejection, media_type)
        except Fault as fault:
            reply = reply_to_fault(fault, media_type)
        except Exception as error:  # noqa: BLE001  a door: what is not ours is masked and logged
            reply = reply_to_error(error, media_type)
        await reply.send(send)

    async def _reply(self, scope: Scope, receive: Receive, media_type: str) -> Reply:
        _check_method(scope)
        _check_accept(scope)
        context = await self.admit(header(scope, b"authorization"), header(scope, b"x-tracegraph-project"))
        request = await self._request(scope, receive)
        prepared = self.engine.prepare(request.query, request.operation_name)
        _check_operation(scope, prepared)
        answer = await self._run(prepared, request, context, receive)
        return reply_to_answer(answer, media_type)

    async def _request(self, scope: Scope, receive: Receive) -> GraphQLRequest:
        if scope["method"] == "GET":
            return request_in_query(scope["query_string"])
        _check_content(scope)
        body = await read_body(scope, receive, limit=self.max_body_bytes, seconds=self.body_seconds)
        return request_in(parse_json(body))

    async def _run(self, prepared: Prepared, request: GraphQLRequest, context: object, receive: Receive) -> Answer:
        if prepared.type is not OperationType.QUERY:
            # What was begun to be written is finished, whether or not somebody waits for the answer.
            return await self.engine.run(prepared, request.variables, context)
        async with Departure(receive):
            return await self.engine.run(prepared, request.variables, context)


def _check_method(scope: Scope) -> None:
    if scope["method"] not in METHODS:
        message = f"The method {scope['method']} is not allowed here."
        raise TurnedAway(HTTPStatus.METHOD_NOT_ALLOWED, message, {"allow": ", ".join(METHODS)})


def _check_accept(scope: Scope) -> None:
    if accepted(header(scope, b"accept")) is None:
        message = "An answer comes as application/graphql-response+json or application/json, in UTF-8."
        raise TurnedAway(HTTPStatus.NOT_ACCEPTABLE, message)


def _check_content(scope: Scope) -> None:
    if not is_json(header(scope, b"content-type")):
        raise TurnedAway(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "A request comes as application/json, in UTF-8.")
    if header(scope, b"content-encoding") not in (None, "identity"):
        raise TurnedAway(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "A request comes uncompressed.", {"accept-encoding": "identity"}
        )


def _check_operation(scope: Scope, prepared: Prepared) -> None:
    if prepared.type is OperationType.SUBSCRIPTION:
        message = "A subscription needs a stream: connect by WebSocket with the subprotocol graphql-transport-ws."
        raise TurnedAway(HTTPStatus.NOT_ACCEPTABLE, message)
    if scope["method"] == "GET" and prepared.type is OperationType.MUTATION:
        raise TurnedAway(HTTPStatus.METHOD_NOT_ALLOWED, "A mutation has to be sent by POST.", {"allow": "POST"})
