"""The spans of an export request, one after the other, each with its drafts or with what is wrong with it."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from ingest.drafts import Draft
from ingest.otlp.origin import Origin, origin_of
from ingest.otlp.spans import drafts_of
from models.errors import Invalid


class Mapped(NamedTuple):
    """One span: its drafts, or why there are none."""

    span_id: str
    drafts: Sequence[Draft] = ()
    problem: str | None = None


def mapped(request: ExportTraceServiceRequest) -> Iterator[Mapped]:
    """Map the spans of a request, one at a time."""
    for group in request.resource_spans:
        for scope_spans in group.scope_spans:
            origin = origin_of(group.resource, scope_spans.scope)
            for span in scope_spans.spans:
                yield _mapped(span, origin)


def _mapped(span: Span, origin: Origin) -> Mapped:
    span_id = span.span_id.hex()[:16]
    try:
        return Mapped(span_id=span_id, drafts=drafts_of(span, origin))
    except Invalid as problem:
        return Mapped(span_id=span_id, problem=problem.message)
