"""The door for REST: six operations, each a stored document that is run by the same engine as everybody's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from http import HTTPStatus
from typing import Any, Final

import msgspec
import orjson
from graphql import OperationType
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from models.errors import Fault
from operations.answers import Answer
from operations.documents import Documents, Prepared
from operations.engine import Engine
from operations.limits import Limits
from operations.rejection import INTERNAL, REFUSED, Rejected, bad_request
from operations.variables import Sent
from resolvers.exports import PATH
from server.admission import Admit
from server.body import ClientGone, read_body
from server.departure import Departure
from server.downloads import Downloads
from server.negotiation import JSON, is_json
from server.problems import problem, problem_of_error, problem_of_fault, problem_of_request
from server.replies import STATUS, Reply, TurnedAway, header
from server.rest_description import description
from server.rest_operations import OPERATIONS, PART, Answering, RestOperation
from server.rest_variables import Parameter, body_in, given_in, parameters_of, variables_in

STATUS_OF: Final[Mapping[str, int]] = {
    **{kind.code: status for kind, status in STATUS.items()},
    "OVERLOADED": HTTPStatus.SERVICE_UNAVAILABLE,
    INTERNAL: HTTPStatus.INTERNAL_SERVER_ERROR,
    REFUSED: HTTPStatus.BAD_REQUEST,
}


class _Told(msgspec.Struct):
    """An answer of the engine, its data still in text: JSON that somebody stored leaves as it came."""

    data: dict[str, msgspec.Raw] | None = None
    errors: Sequence[dict[str, Any]] = ()


@dataclass(frozen=True, kw_only=True)
class RestDoor:
    """An ASGI application for one path, with one operation by method."""

    operations: Mapping[str, RestOperation]
    engine: Engine
    admit: Admit
    downloads: Downloads
    max_body_bytes: int
    body_seconds: float

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; whatever goes wrong, it is told as a problem."""
        try:
            reply = await self._reply(scope, receive, send)
        except ClientGone:
            return
        except TurnedAway as turned_away:
            reply = problem_of_request(turned_away)
        except Rejected as rejection:
            reply = _problem_of(rejection.errors)
        except Fault as fault:
            reply = problem_of_fault(fault)
        except Exception as error:  # noqa: BLE001  a door: what is not ours is masked and logged
            reply = problem_of_error(error)
        if reply is not None:
            await reply.send(send)

    async def _reply(self, scope: Scope, receive: Receive, send: Send) -> Reply | None:
        operation = self.operations.get(scope["method"])
        if operation is None:
            message = f"The method {scope['method']} is not allowed here."
            raise TurnedAway(HTTPStatus.METHOD_NOT_ALLOWED, message, {"allow": ", ".join(self.operations)})
        context = await self.admit(header(scope, b"authorization"), header(scope, b"x-tracegraph-project"))
        prepared, parameters = self._prepared[operation.method]
        given = given_in(scope["query_string"])
        part = _part(given) if operation.answering is Answering.STREAMED else {}
        variables = variables_in(given, parameters)
        for name in operation.in_path:
            variables[name] = msgspec.Raw(orjson.dumps(scope["path_params"][name]))
        if operation.body is not None:
            variables[operation.body] = await self._body(operation, scope, receive)
        answer = await self._run(prepared, variables, context, receive)
        if operation.answering is not Answering.STREAMED:
            return _reply_to(operation, answer)
        url = msgspec.json.decode(_thing(operation, answer), type=dict[str, str])["url"]
        await self.downloads.send(url.removeprefix(PATH), part, scope, receive, send)
        return None

    @cached_property
    def _prepared(self) -> Mapping[str, tuple[Prepared, Mapping[str, Parameter]]]:
        found: dict[str, tuple[Prepared, Mapping[str, Parameter]]] = {}
        for method, operation in self.operations.items():
            prepared = self.engine.prepare(operation.document, None)
            elsewhere = [*operation.in_path, *([operation.body] if operation.body else [])]
            found[method] = prepared, parameters_of(self.engine.schema, prepared.operation, elsewhere)
        return found

    async def _body(self, operation: RestOperation, scope: Scope, receive: Receive) -> msgspec.Raw:
        if not is_json(header(scope, b"content-type")):
            raise TurnedAway(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "A body comes as application/json, in UTF-8.")
        if header(scope, b"content-encoding") not in (None, "identity"):
            message = "A body comes uncompressed."
            raise TurnedAway(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, message, {"accept-encoding": "identity"})
        body = await read_body(scope, receive, limit=self.max_body_bytes, seconds=self.body_seconds)
        fills = {field: scope["path_params"][name] for field, name in (operation.fills or {}).items()}
        return body_in(body, fills)

    async def _run(
        self, prepared: Prepared, variables: Mapping[str, msgspec.Raw], context: object, receive: Receive
    ) -> Answer:
        if prepared.type is not OperationType.QUERY:
            # What was begun to be written is finished, whether or not somebody waits for the answer.
            return await self.engine.run(prepared, Sent(variables), context)
        async with Departure(receive):
            return await self.engine.run(prepared, Sent(variables), context)


def rest_routes(
    engine: Engine, admit: Admit, downloads: Downloads, *, max_body_bytes: int, body_seconds: float
) -> list[BaseRoute]:
    """The routes below `/api/`; our own documents know no limits of length."""
    unlimited = replace(engine, documents=Documents(engine.schema, Limits()))
    by_path: dict[str, dict[str, RestOperation]] = {}
    for operation in OPERATIONS:
        by_path.setdefault(operation.path, {})[operation.method] = operation
    told = orjson.dumps(description(engine.schema), option=orjson.OPT_INDENT_2)

    def openapi(_: Request) -> Response:
        return Response(told, media_type=JSON)

    doors = {
        path: RestDoor(
            operations=operations,
            engine=unlimited,
            admit=admit,
            downloads=downloads,
            max_body_bytes=max_body_bytes,
            body_seconds=body_seconds,
        )
        for path, operations in by_path.items()
    }
    return [Route("/api/openapi.json", openapi), *(Route(path, door) for path, door in doors.items())]


def _part(given: dict[str, list[str]]) -> dict[str, str]:
    """The parameters that tell which part of an export is sent, taken out of the others."""
    for name in PART:
        if len(given.get(name, [])) > 1:
            raise bad_request(f"The parameter `{name}` was given {len(given[name])} times.")
    return {name: given.pop(name)[0] for name in PART if name in given}


def _reply_to(operation: RestOperation, answer: Answer) -> Reply:
    body = _thing(operation, answer)
    if body == b"null":
        return problem(HTTPStatus.NOT_FOUND, f"There is no such {operation.thing} here.", code="NOT_FOUND")
    return Reply(status=operation.success, body=body)


def _thing(operation: RestOperation, answer: Answer) -> bytes:
    """What was asked for, as JSON. Raises Rejected with what went wrong, Unavailable when nothing could be done."""
    if answer.unavailable is not None:
        raise answer.unavailable
    told = msgspec.json.decode(answer.body, type=_Told)
    if told.errors or told.data is None:
        raise Rejected(told.errors)
    (value,) = told.data.values()
    if operation.answering is Answering.SHOWN:
        return bytes(value)
    payload = msgspec.json.decode(value, type=dict[str, msgspec.Raw])
    errors = msgspec.json.decode(payload["userErrors"], type=list[dict[str, Any]])
    if errors:
        raise Rejected(
            [{"message": each["message"], "extensions": each | {"status": _mendable(each)}} for each in errors]
        )
    return bytes(payload[operation.thing])


def _mendable(error: Mapping[str, Any]) -> int:
    """The status for a user error: what was understood, and breaks a rule, is 422."""
    broken = error["code"] in ("INVALID", "TOO_LARGE")
    return HTTPStatus.UNPROCESSABLE_ENTITY if broken else STATUS_OF[error["code"]]


def _problem_of(errors: Sequence[Mapping[str, Any]]) -> Reply:
    """The problem that errors of GraphQL, or user errors, tell of."""
    first = errors[0]["extensions"]
    status = first.get("status") or STATUS_OF.get(first["code"], HTTPStatus.BAD_REQUEST)
    told = [
        {"code": each["extensions"]["code"], "message": each["message"], "path": each["extensions"].get("path", [])}
        for each in errors
    ]
    if len(told) == 1 and not told[0]["path"]:  # it says no more than the problem itself
        told = []
    headers = {"retry-after": "1"} if isinstance(first.get("retryAfter"), int | float) else {}
    return problem(status, errors[0]["message"], code=first["code"], errors=told, headers=headers)
