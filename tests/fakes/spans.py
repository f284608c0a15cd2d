"""Spans as exporters send them, with what a test cares about and plausible values for the rest."""

from collections.abc import Iterable, Mapping
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from ingest.drafts import StepDraft, TraceDraft
from ingest.otlp.request import Mapped, mapped

TRACE = bytes.fromhex("4bf92f3577b34da6a3ce929d0e0e4736")
ROOT = bytes.fromhex("00f067aa0ba902b7")
CHILD = bytes.fromhex("53995c3f42cd8ad8")
START = 1_768_478_400_123_456_789  # 2026-01-15 12:00 UTC
SECOND = 1_000_000_000
RESOURCE = {"service.name": "shop", "service.version": "1.2.3", "deployment.environment.name": "production"}


def span(attributes: Mapping[str, Any] | None = None, **fields: Any) -> Span:
    """A span of one second, the root of its trace unless it gets a parent."""
    given = {
        "trace_id": TRACE,
        "span_id": CHILD if fields.get("parent_span_id") else ROOT,
        "name": "answer",
        "start_time_unix_nano": START,
        "end_time_unix_nano": START + SECOND,
    }
    return Span(**{**given, **fields}, attributes=pairs(attributes or {}))


def event(name: str, attributes: Mapping[str, Any] | None = None, after: int = 0) -> Span.Event:
    """An event so many nanoseconds after `START`."""
    return Span.Event(name=name, time_unix_nano=START + after, attributes=pairs(attributes or {}))


def export(*spans: Span, resource: Mapping[str, Any] | None = None) -> ExportTraceServiceRequest:
    """A request with these spans, all of one library in one service."""
    request = ExportTraceServiceRequest()
    group = request.resource_spans.add()
    group.resource.attributes.extend(pairs(RESOURCE if resource is None else resource))
    scope_spans = group.scope_spans.add()
    scope_spans.scope.name, scope_spans.scope.version = "some.instrumentor", "0.1"
    scope_spans.spans.extend(spans)
    return request


def step_of(*spans: Span) -> StepDraft:
    """The step of the first of these spans."""
    return next(draft for draft in drafts_of(spans) if isinstance(draft, StepDraft))


def trace_of(*spans: Span) -> TraceDraft:
    """The trace of these spans."""
    return next(draft for draft in drafts_of(spans) if isinstance(draft, TraceDraft))


def drafts_of(spans: Iterable[Span]) -> list[Any]:
    """All drafts of these spans."""
    return [draft for one in all_of(*spans) for draft in one.drafts]


def all_of(*spans: Span) -> list[Mapped]:
    """What the spans are mapped to."""
    return list(mapped(export(*spans)))


def pairs(attributes: Mapping[str, Any]) -> list[KeyValue]:
    """Attributes as OTLP has them."""
    return [KeyValue(key=name, value=any_value(value)) for name, value in attributes.items()]


def any_value(value: Any) -> AnyValue:
    """A value as OTLP has it."""
    match value:
        case None:
            return AnyValue()
        case bool():
            return AnyValue(bool_value=value)
        case int():
            return AnyValue(int_value=value)
        case float():
            return AnyValue(double_value=value)
        case str():
            return AnyValue(string_value=value)
        case bytes():
            return AnyValue(bytes_value=value)
        case Mapping():
            wrapped = AnyValue()
            wrapped.kvlist_value.values.extend(pairs(value))
            return wrapped
        case _:
            wrapped = AnyValue()
            wrapped.array_value.values.extend(any_value(entry) for entry in value)
            wrapped.array_value.SetInParent()
            return wrapped
