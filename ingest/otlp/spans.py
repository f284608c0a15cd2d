"""A span as drafts: always a step, and the trace as well when it is the root."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

import orjson
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from ingest.drafts import Draft, StepDraft, TraceDraft
from ingest.otlp.attributes import Attributes, attributes_of, number_in, word
from ingest.otlp.callees import callee_of
from ingest.otlp.contents import input_of, output_of
from ingest.otlp.events import Told, told_by
from ingest.otlp.failures import error_of, status_of
from ingest.otlp.identity import SPAN_BYTES, TRACE_BYTES, key_of_span, step_id_of, trace_id_of
from ingest.otlp.kinds import kind_of
from ingest.otlp.origin import Origin
from ingest.otlp.runs import SESSION, USER, metadata_of, tags_of
from ingest.otlp.usage import cost_of, usage_of
from ingest.rules import ITEM_LENGTH, NAME_LENGTH
from models.enums import StepKind, StepStatus, TraceStatus
from models.errors import Invalid
from models.values import Json, Uuid

NO_TRACE: Final = bytes(TRACE_BYTES)
NO_SPAN: Final = bytes(SPAN_BYTES)
NOTHING: Final = Told()
UNNAMED: Final = "(unnamed)"

# What joins other steps may tell of their tokens once more; counted are those of the calls themselves.
JOINING: Final = frozenset((StepKind.AGENT, StepKind.CHAIN))

# Seconds, then milliseconds.
FIRST_TOKEN_SECONDS: Final = ("gen_ai.response.time_to_first_chunk", "gen_ai.server.time_to_first_token")
FIRST_TOKEN_MILLISECONDS: Final = ("ai.response.msToFirstChunk", "ai.stream.msToFirstChunk")

# In a span too large to be kept, attributes longer than this are left out; input and output still have their contents.
LEAN: Final = 1_000


class Identity(NamedTuple):
    """The ids of a step; its parent's is a key."""

    step: Uuid
    trace: Uuid
    parent: Uuid | None


def drafts_of(span: Span, origin: Origin) -> Sequence[Draft]:
    """What a span says. Raises Invalid for one without usable ids or without a start."""
    identity = _identity(span)
    told = told_by(span.events) if span.events else NOTHING
    attributes = attributes_of(span.attributes)
    if told.details:
        attributes = {**told.details, **attributes}
    step = _step(span, identity, attributes, told, origin)
    return (step,) if identity.parent else (_trace(step, attributes, origin), step)


def _identity(span: Span) -> Identity:
    trace_id, span_id, parent_id, start = span.trace_id, span.span_id, span.parent_span_id, span.start_time_unix_nano
    if len(trace_id) != TRACE_BYTES or trace_id == NO_TRACE:
        raise Invalid(f"Its trace id has to be {TRACE_BYTES} bytes, not all zero; it is {_told(trace_id)}.")
    if len(span_id) != SPAN_BYTES or span_id == NO_SPAN:
        raise Invalid(f"Its span id has to be {SPAN_BYTES} bytes, not all zero; it is {_told(span_id)}.")
    if len(parent_id) not in (0, SPAN_BYTES):
        raise Invalid(f"Its parent's id has to be {SPAN_BYTES} bytes; it is {_told(parent_id)}.")
    if parent_id == span_id:
        raise Invalid("It is its own parent.")
    if not start:
        raise Invalid("It has no start time.")
    has_parent = parent_id not in (b"", NO_SPAN)
    return Identity(
        step=Uuid(step_id_of(trace_id, span_id, start)),
        trace=Uuid(trace_id_of(trace_id)),
        parent=Uuid(key_of_span(trace_id, parent_id)) if has_parent else None,
    )


def _told(raw: bytes) -> str:
    return raw.hex()[:40] or "empty"


def _step(span: Span, identity: Identity, attributes: Attributes, told: Told, origin: Origin) -> StepDraft:
    start, end, exception = span.start_time_unix_nano, span.end_time_unix_nano, told.exception
    kind = kind_of(attributes, is_root=identity.parent is None)
    counts = kind not in JOINING or span.kind == Span.SPAN_KIND_CLIENT
    status = status_of(span.status, attributes, exception, has_ended=end > 0)
    failed = status is StepStatus.ERROR
    error_type, error_message = error_of(span.status, attributes, exception) if failed else (None, None)
    callee = callee_of(attributes)
    given, answered = input_of(attributes, told.inputs), output_of(attributes, told.outputs)
    return StepDraft(
        id=identity.step,
        trace_id=identity.trace,
        parent_id=identity.parent,
        name=span.name[:NAME_LENGTH] or UNNAMED,
        kind=kind,
        status=status,
        start_time=moment(start),
        end_time=moment(end) if end else None,
        time_to_first_token_ms=_first_token(start, attributes, told),
        provider=callee.provider,
        model=callee.model,
        request_model=callee.request_model,
        response_model=callee.response_model,
        usage=usage_of(attributes) if counts else None,
        cost=cost_of(attributes) if counts else None,
        input=given,
        output=answered,
        attributes=_kept(span, attributes, told, origin, len(given or "") + len(answered or "")),
        error_type=error_type,
        error_message=error_message,
    )


def _trace(step: StepDraft, attributes: Attributes, origin: Origin) -> TraceDraft:
    return TraceDraft(
        id=step.trace_id,
        name=step.name,
        status=TraceStatus(step.status or TraceStatus.RUNNING),
        start_time=step.start_time,
        end_time=step.end_time,
        session_id=word(attributes, SESSION),
        user_id=word(attributes, USER),
        environment=origin.environment,
        release=origin.release,
        service_name=origin.service_name,
        tags=tags_of(attributes),
        metadata=metadata_of(attributes, origin),
        input=step.input,
        output=step.output,
        error_type=step.error_type,
        error_message=step.error_message,
    )


def moment(nanoseconds: int) -> datetime:
    """A time in nanoseconds since 1970, to the microsecond (as floats it is exact until 2242)."""
    return datetime.fromtimestamp(nanoseconds // 1_000 / 1e6, UTC)


def _first_token(start: int, attributes: Attributes, told: Told) -> float | None:
    for names, scale in ((FIRST_TOKEN_SECONDS, 1000.0), (FIRST_TOKEN_MILLISECONDS, 1.0)):
        for name in names:
            value = attributes.get(name)
            if value is not None and (number := number_in(value)) is not None and number >= 0:
                return number * scale
    if told.first_token is None or told.first_token < start:
        return None
    return (told.first_token - start) / 1e6


def _kept(span: Span, attributes: Attributes, told: Told, origin: Origin, beside: int) -> Json:
    """The raw attributes, and whatever else the span says that has no column."""
    kept: dict[str, Any] = {**origin.marks, **told.exception, **attributes}
    if told.others:
        kept["otel.events"] = told.others
    if span.links:
        kept["otel.links"] = [
            {
                "trace_id": link.trace_id.hex(),
                "span_id": link.span_id.hex(),
                "attributes": attributes_of(link.attributes),
            }
            for link in span.links
        ]
    text = orjson.dumps(kept)
    if len(text) + beside > ITEM_LENGTH:
        text = orjson.dumps({name: value for name, value in kept.items() if len(orjson.dumps(value)) <= LEAN})
    return Json(text.decode())
