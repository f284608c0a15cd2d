"""The spans that are sent: finished model calls by OpenTelemetry's conventions, of the size of the other records."""

from __future__ import annotations

import json
import os
import time
from datetime import UTC, datetime

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from benchmarks.ingest.records import STEPS_PER_TRACE
from ingest.drafts import StepDraft
from ingest.otlp.request import mapped
from ingest.records import StepRecord, step_record

MESSAGES = json.dumps([{"role": "user", "parts": [{"type": "text", "content": "x" * 236}]}])
CALL = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "openai",
    "gen_ai.request.model": "gpt-4o",
    "gen_ai.request.temperature": "0.2",
    "gen_ai.response.id": "chatcmpl-1",
    "gen_ai.response.model": "gpt-4o-2024-08-06",
    "gen_ai.input.messages": MESSAGES,
    "gen_ai.output.messages": MESSAGES,
}
TOKENS = {"gen_ai.usage.input_tokens": 812, "gen_ai.usage.output_tokens": 133}
ATTRIBUTES = [
    *(KeyValue(key=name, value=AnyValue(string_value=text)) for name, text in CALL.items()),
    *(KeyValue(key=name, value=AnyValue(int_value=count)) for name, count in TOKENS.items()),
]


def export(size: int) -> bytes:
    """A request with so many spans, 20 per trace: a root and its children."""
    request = ExportTraceServiceRequest()
    group = request.resource_spans.add()
    group.resource.attributes.add(key="service.name").value.string_value = "shop"
    scope_spans = group.scope_spans.add()
    scope_spans.scope.name = "benchmark"
    for _ in range(size // STEPS_PER_TRACE):
        scope_spans.spans.extend(_trace())
    return request.SerializeToString()


def records(body: bytes) -> list[StepRecord]:
    """The rows of the steps that come out of a request."""
    now = datetime.now(UTC)
    drafts = [draft for one in mapped(ExportTraceServiceRequest.FromString(body)) for draft in one.drafts]
    return [step_record(draft, now) for draft in drafts if isinstance(draft, StepDraft)]


def _trace() -> list[Span]:
    trace_id, root, start = os.urandom(16), os.urandom(8), time.time_ns()
    return [
        Span(
            trace_id=trace_id,
            span_id=os.urandom(8) if index else root,
            parent_span_id=root if index else b"",
            name="chat gpt-4o",
            kind=Span.SPAN_KIND_CLIENT,
            start_time_unix_nano=start + index * 1_000_000,
            end_time_unix_nano=start + 812_000_000,
            attributes=ATTRIBUTES,
        )
        for index in range(STEPS_PER_TRACE)
    ]
