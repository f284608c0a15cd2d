"""The door for OpenTelemetry: `POST /v1/traces` (OTLP/HTTP), answered after everything in it is stored."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final, TypeAlias

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTracePartialSuccess,
    ExportTraceServiceResponse,
)
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from auth.viewer import INGEST, require
from ingest.otlp.decoding import Decoded
from ingest.otlp.request import Mapped, mapped
from ingest.outcomes import Outcome, Status
from models.errors import Fault, Overloaded
from operations.rejection import masked
from resolvers.context import Context
from server.body import ClientGone, read_body
from server.decompression import ENCODINGS, TooLarge, unpacked
from server.negotiation import media_type
from server.otlp_forms import FORMS, JSON, Form, rpc_code
from server.replies import Reply, TurnedAway, header, reply_to_fault

# Gives the context to who sends this authorization and names this project, or raises a Fault.
Admit: TypeAlias = Callable[[str | None, str | None], Awaitable[Context]]

UNPACKED_BYTES: Final = 32 * 1024 * 1024
HELD_BYTES: Final = 4 * UNPACKED_BYTES
# Larger bodies are unpacked and parsed beside the event loop.
LARGE: Final = 256 * 1024
LARGE_WHEN_PACKED: Final = 32 * 1024

RECORDS: Final = 1_000  # that are recorded together
PROBLEMS: Final = 5  # that are told in an answer


@dataclass(kw_only=True)
class Problems:
    """The spans that could not be stored: how many, and the first few reasons."""

    count: int = 0
    told: list[str] = field(default_factory=list)

    def add(self, reason: str) -> None:
        """Note one span."""
        self.count += 1
        if len(self.told) < PROBLEMS:
            self.told.append(reason)

    def response(self) -> ExportTraceServiceResponse:
        """The answer to the export."""
        if not self.count:
            return ExportTraceServiceResponse()
        more = f" And {self.count - PROBLEMS} more." if self.count > PROBLEMS else ""
        message = f"{self.count} span(s) rejected. {' '.join(self.told)}{more}"
        partial = ExportTracePartialSuccess(rejected_spans=self.count, error_message=message)
        return ExportTraceServiceResponse(partial_success=partial)


class Room:
    """How much unpacked data may be held at once, in all requests together."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._taken = 0

    @contextmanager
    def holding(self, size: int) -> Iterator[None]:
        """Take so much of the room. Raises Overloaded when it isn't there; one body alone always fits."""
        if self._taken and self._taken + size > self._size:
            raise Overloaded(retry_after=1.0)
        self._taken += size
        try:
            yield
        finally:
            self._taken -= size


@dataclass(frozen=True, kw_only=True)
class OtlpDoor:
    """An ASGI application for one path."""

    admit: Admit
    max_body_bytes: int
    body_seconds: float
    max_unpacked_bytes: int = UNPACKED_BYTES
    room: Room = field(default_factory=lambda: Room(HELD_BYTES))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request in the form in which it came."""
        form = FORMS.get(media_type(header(scope, b"content-type") or "")[0])
        try:
            reply = await self._reply(scope, receive, form)
        except ClientGone:
            return
        except TurnedAway as turned_away:
            reply = _failure(form, turned_away.status, str(turned_away), turned_away.headers)
        except Fault as fault:
            told = reply_to_fault(fault, JSON.media_type)
            reply = _failure(form, told.status, fault.message, told.headers)
        except Exception as error:  # noqa: BLE001  a door: what is not ours is masked and logged
            reply = _failure(form, HTTPStatus.INTERNAL_SERVER_ERROR, masked(error)["message"])
        await reply.send(send)

    async def _reply(self, scope: Scope, receive: Receive, form: Form | None) -> Reply:
        context = await self.admit(_authorization(scope), header(scope, b"x-tracegraph-project"))
        require(context.viewer, INGEST)
        encoding = (header(scope, b"content-encoding") or "identity").strip().lower()
        if form is None:
            raise TurnedAway(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"Spans come as {' or '.join(FORMS)}.")
        if encoding not in ENCODINGS:
            message = f"A body comes in one of these encodings: {', '.join(ENCODINGS)}."
            headers = {"accept-encoding": ", ".join(ENCODINGS)}
            raise TurnedAway(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, message, headers)
        packed = await read_body(scope, receive, limit=self.max_body_bytes, seconds=self.body_seconds)
        body = await self._unpacked(packed, encoding)
        with self.room.holding(len(body)):
            decoded = form.decode(body) if len(body) < LARGE else await asyncio.to_thread(form.decode, body)
            problems = await _record(context, decoded)
        return _reply(form, HTTPStatus.OK, form.answer(problems.response()))

    async def _unpacked(self, packed: bytes, encoding: str) -> bytes:
        try:
            if len(packed) < LARGE_WHEN_PACKED:
                return unpacked(packed, encoding, self.max_unpacked_bytes)
            return await asyncio.to_thread(unpacked, packed, encoding, self.max_unpacked_bytes)
        except TooLarge:
            message = f"The body unpacks to more than {self.max_unpacked_bytes} bytes."
            raise TurnedAway(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, message) from None


def otlp_routes(admit: Admit, *, max_body_bytes: int, body_seconds: float) -> list[BaseRoute]:
    """The route of `/v1/traces`."""
    door = OtlpDoor(admit=admit, max_body_bytes=max_body_bytes, body_seconds=body_seconds)
    return [Route("/v1/traces", door, methods=["POST"])]


async def _record(context: Context, decoded: Decoded) -> Problems:
    """Store the spans, as many together as one commit takes; what can't be stored is told."""
    problems = Problems()
    for reason in decoded.problems:
        problems.add(reason)
    for spans in _batches(mapped(decoded.request)):
        drafts = [draft for span in spans for draft in span.drafts]
        outcomes = iter(await context.writer.record(context.project_id, drafts))
        for span in spans:
            if trouble := span.problem or _refusal([next(outcomes) for _ in span.drafts]):
                problems.add(f"Span {span.span_id}: {trouble}")
    return problems


def _batches(spans: Iterable[Mapped]) -> Iterator[list[Mapped]]:
    batch: list[Mapped] = []
    records = 0
    for span in spans:
        weight = max(len(span.drafts), 1)
        if records + weight > RECORDS:
            yield batch
            batch, records = [], 0
        batch.append(span)
        records += weight
    if batch:
        yield batch


def _refusal(outcomes: Iterable[Outcome]) -> str | None:
    """Why a span was not stored, or not as a whole."""
    broken = (problem for outcome in outcomes if outcome.status == Status.REFUSED for problem in outcome.problems)
    problem = next(broken, None)
    if problem is None:
        return None
    return f"{'.'.join(problem.path)}: {problem.message}" if problem.path else problem.message


def _authorization(scope: Scope) -> str | None:
    """The key as it comes from exporters that can set any header, or only one of their own for keys."""
    key = header(scope, b"x-api-key")
    return header(scope, b"authorization") or (None if key is None else f"Bearer {key}")


def _failure(form: Form | None, status: int, message: str, headers: Mapping[str, str] | None = None) -> Reply:
    """A google.rpc.Status in the form of the request; one without a form of ours gets JSON, which people can read."""
    spoken = form or JSON
    return _reply(spoken, status, spoken.failure(rpc_code(status), message), headers)


def _reply(form: Form, status: int, body: bytes, headers: Mapping[str, str] | None = None) -> Reply:
    # Without a charset: the OpenTelemetry Collector reads answers only when their type is named to the letter.
    return Reply(status=status, body=body, media_type=form.media_type, charset="", headers=headers or {})
