"""A span becomes a step with everything it says, and the root becomes the trace as well."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from ingest.drafts import StepDraft, TraceDraft, Usage
from ingest.otlp.identity import key_of_span, step_id_of
from ingest.rules import latest_id, problems
from models.enums import StepKind, StepStatus, TraceStatus
from models.values import BigInt
from tests.fakes.spans import CHILD, ROOT, SECOND, START, TRACE, all_of, drafts_of, event, span, step_of, trace_of

CALL = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "openai",
    "gen_ai.request.model": "gpt-4o",
    "gen_ai.response.model": "gpt-4o-2024-08-06",
    "gen_ai.response.finish_reasons": ["stop"],
    "gen_ai.usage.input_tokens": 120,
    "gen_ai.usage.output_tokens": 30,
    "gen_ai.request.temperature": 0.5,
}


def test_root_is_the_trace_and_a_step() -> None:
    """The span without a parent names the trace, and is a step of it like every other."""
    trace, step = drafts_of([span({"session.id": "s-1", "user.id": "u-1"}, name="answer a question")])

    assert isinstance(trace, TraceDraft)
    assert isinstance(step, StepDraft)
    assert trace.id == step.trace_id == "4bf92f35-77b3-4da6-a3ce-929d0e0e4736"
    assert trace.name == step.name == "answer a question"
    assert (trace.status, step.status) == (TraceStatus.OK, StepStatus.OK)
    assert trace.start_time == datetime(2026, 1, 15, 12, 0, 0, 123456, tzinfo=UTC)
    assert trace.end_time == datetime(2026, 1, 15, 12, 0, 1, 123456, tzinfo=UTC)
    assert (trace.session_id, trace.user_id) == ("s-1", "u-1")
    assert (trace.service_name, trace.release, trace.environment) == ("shop", "1.2.3", "production")
    assert step.kind is StepKind.CHAIN


def test_child_is_a_step_only() -> None:
    """A span with a parent says nothing about the trace; it knows its parent by the parent's key."""
    (step,) = drafts_of([span(CALL, parent_span_id=ROOT)])

    assert isinstance(step, StepDraft)
    assert step.id == step_id_of(TRACE, CHILD, START)
    assert step.parent_id == key_of_span(TRACE, ROOT)


def test_model_call() -> None:
    """A call by the conventions of OpenTelemetry arrives with its models, its tokens and all its attributes."""
    step = step_of(span(CALL, parent_span_id=ROOT, kind=Span.SPAN_KIND_CLIENT))

    assert step.kind is StepKind.LLM
    assert (step.provider, step.request_model, step.response_model) == ("openai", "gpt-4o", "gpt-4o-2024-08-06")
    assert step.usage == Usage(input=BigInt(120), output=BigInt(30))
    origin = {"service.name": "shop", "otel.scope.name": "some.instrumentor", "otel.scope.version": "0.1"}
    assert json.loads(step.attributes or "") == {**CALL, **origin}


def test_draft_breaks_no_rule() -> None:
    """What is mapped from a usual span is stored."""
    latest = latest_id(datetime(2026, 1, 16, tzinfo=UTC))

    assert [problem for draft in drafts_of([span(CALL)]) for problem in problems(draft, latest)] == []


def test_span_under_way() -> None:
    """A span that was sent before its end is running."""
    trace, step = drafts_of([span(end_time_unix_nano=0)])

    assert (trace.status, trace.end_time) == (TraceStatus.RUNNING, None)
    assert (step.status, step.end_time) == (StepStatus.RUNNING, None)


@pytest.mark.parametrize("kind", ["AGENT", "CHAIN"])
def test_tokens_told_twice_are_counted_once(kind: str) -> None:
    """What an agent or a chain tells of tokens is the sum of the calls inside it, which tell of them too."""
    attributes = {"openinference.span.kind": kind, "gen_ai.usage.input_tokens": 5, "gen_ai.usage.cost": 0.5}
    inside, remote = step_of(span(attributes)), step_of(span(attributes, kind=Span.SPAN_KIND_CLIENT))

    assert (inside.usage, inside.cost) == (None, None)
    assert (remote.usage, remote.cost) == (Usage(input=BigInt(5)), "0.5")


@pytest.mark.parametrize(
    ("attributes", "events", "expected"),
    [
        ({"gen_ai.response.time_to_first_chunk": 0.25}, [], 250.0),
        ({"ai.response.msToFirstChunk": 31.5}, [], 31.5),
        ({"ai.response.msToFirstChunk": "soon"}, [], None),
        ({"gen_ai.response.time_to_first_chunk": -1.0}, [], None),
        ({}, [event("First Token Stream Event", after=SECOND // 2)], 500.0),
        ({}, [event("llm.content.completion.chunk", after=after) for after in (30, SECOND // 4, SECOND)], 0.00003),
        ({}, [event("First Token Stream Event", after=-SECOND)], None),
        ({}, [], None),
    ],
)
def test_first_token(attributes: dict[str, object], events: list[Span.Event], expected: float | None) -> None:
    """The time to the first token comes from an attribute, or from the event that marks it."""
    assert step_of(span(attributes, events=events)).time_to_first_token_ms == expected


def test_what_has_no_column_is_kept() -> None:
    """Events that mean nothing to us and links to other traces stay with the attributes."""
    link = Span.Link(trace_id=TRACE, span_id=CHILD)
    kept = json.loads(step_of(span(events=[event("cache miss", {"key": 1})], links=[link])).attributes or "")

    assert kept["otel.events"] == [{"name": "cache miss", "time_unix_nano": str(START), "attributes": {"key": 1}}]
    assert kept["otel.links"] == [{"trace_id": TRACE.hex(), "span_id": CHILD.hex(), "attributes": {}}]


def test_long_attributes_give_way_in_a_large_span() -> None:
    """When a span is too large to be kept, its long attributes go: its input and output have them already."""
    prompt, answer = '["' + "a" * 300_000 + '"]', '["' + "b" * 300_000 + '"]'
    step = step_of(span({"gen_ai.input.messages": prompt, "gen_ai.output.messages": answer, "small": 1}))

    assert (step.input, step.output) == (prompt, answer)
    assert json.loads(step.attributes or "")["small"] == 1
    assert "gen_ai.input.messages" not in json.loads(step.attributes or "")


def test_names_are_cut_to_what_fits() -> None:
    """A name without letters, or with too many, costs nobody the span."""
    assert step_of(span(name="")).name == "(unnamed)"
    assert step_of(span(name="n" * 5_000)).name == "n" * 1_000
    assert trace_of(span({"session.id": "s" * 5_000})).session_id == "s" * 500


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"trace_id": b""}, "trace id"),
        ({"trace_id": bytes(16)}, "trace id"),
        ({"trace_id": TRACE + b"x"}, "trace id"),
        ({"span_id": b"abc"}, "span id"),
        ({"span_id": bytes(8)}, "span id"),
        ({"parent_span_id": b"abc"}, "parent's id"),
        ({"parent_span_id": ROOT, "span_id": ROOT}, "own parent"),
        ({"start_time_unix_nano": 0}, "start time"),
    ],
)
def test_unusable_span_is_refused_alone(fields: dict[str, Any], problem: str) -> None:
    """A span that can't be told from others, or has no start, is refused with the reason; its neighbours are not."""
    before, bad, after = all_of(span(), span(**fields), span(span_id=CHILD))

    assert problem in (bad.problem or "")
    assert not bad.drafts
    assert before.drafts
    assert after.drafts


def test_parent_of_zeros_is_none() -> None:
    """Some write eight zero bytes for no parent."""
    assert len(drafts_of([span(parent_span_id=bytes(8), span_id=CHILD)])) == 2


def test_status_of_the_span() -> None:
    """A failed span is a failed step, and a failed root a failed trace."""
    trace, step = drafts_of([span(status=Status(code=Status.STATUS_CODE_ERROR, message="Out of stock."))])

    assert (trace.status, step.status) == (TraceStatus.ERROR, StepStatus.ERROR)
    assert (trace.error_message, step.error_message) == ("Out of stock.", "Out of stock.")
