"""What went into a span and what came out, in every dialect."""

import json
from collections.abc import Mapping

import pytest

from ingest.rules import is_deep
from tests.fakes.spans import ROOT, event, span, step_of


def contents(attributes: Mapping[str, object], *events: object) -> tuple[object, object]:
    step = step_of(span(attributes, parent_span_id=ROOT, events=events))
    return tuple(None if text is None else json.loads(text) for text in (step.input, step.output))  # type: ignore[return-value]  # a tuple of two


MESSAGES = '[{"role": "user",  "parts": [{"type": "text", "content": "Hi"}]}]'


@pytest.mark.parametrize(
    ("attributes", "given"),
    [
        ({"input.value": "Hi", "input.mime_type": "text/plain"}, '"Hi"'),
        ({"input.value": '{"a":  1}', "input.mime_type": "text/plain"}, '"{\\"a\\":  1}"'),
        ({"input.value": '{"a":  1.50}', "input.mime_type": "application/json"}, '{"a":  1.50}'),
        ({"input.value": "42", "input.mime_type": "application/json"}, "42"),
        ({"input.value": "{broken", "input.mime_type": "application/json"}, '"{broken"'),
        ({"input.value": '{"a":  1e3}'}, '{"a":  1e3}'),
        ({"input.value": "42"}, '"42"'),
        ({"input.value": ' ["x"]'}, ' ["x"]'),
        ({"input.value": '{"a": NaN}'}, '"{\\"a\\": NaN}"'),
        ({"gen_ai.input.messages": MESSAGES}, MESSAGES),
        ({"input.value": "first", "gen_ai.input.messages": MESSAGES}, '"first"'),
        (
            {"gen_ai.input.messages": MESSAGES, "gen_ai.system_instructions": '[{"type":"text"}]'},
            '{"system_instructions":[{"type":"text"}],"messages":' + MESSAGES + "}",
        ),
        ({"gen_ai.system_instructions": "Be brief."}, '{"system_instructions":"Be brief."}'),
        ({"gen_ai.tool.call.arguments": '{"city":"Oslo"}'}, '{"city":"Oslo"}'),
        ({"gen_ai.tool.call.arguments": {"city": "Oslo"}}, '{"city":"Oslo"}'),
        ({"gen_ai.retrieval.query.text": "weather"}, '"weather"'),
        ({"traceloop.entity.input": '{"inputs":{}}'}, '{"inputs":{}}'),
        ({"ai.prompt": '{"prompt":"Hi"}', "ai.prompt.messages": "[1]"}, "[1]"),
        ({"ai.toolCall.args": '{"city":"Oslo"}'}, '{"city":"Oslo"}'),
        ({"gen_ai.prompt": "Hi"}, '"Hi"'),
        ({"http.request.method": "GET"}, None),
    ],
)
def test_input(attributes: Mapping[str, object], given: str | None) -> None:
    """JSON passes through letter for letter, everything else becomes JSON."""
    assert step_of(span(attributes, parent_span_id=ROOT)).input == given


@pytest.mark.parametrize(
    ("attributes", "answered"),
    [
        ({"output.value": "Hello", "output.mime_type": "text/plain"}, '"Hello"'),
        ({"output.value": '{"a":  1}', "output.mime_type": "application/json"}, '{"a":  1}'),
        ({"gen_ai.output.messages": MESSAGES}, MESSAGES),
        ({"gen_ai.tool.call.result": "21 °C"}, '"21 °C"'),
        ({"gen_ai.retrieval.documents": '[{"id":"a"}]'}, '[{"id":"a"}]'),
        ({"traceloop.entity.output": '"done"'}, '"done"'),
        ({"ai.response.text": "Hello"}, '"Hello"'),
        ({"ai.response.text": "", "ai.response.toolCalls": '[{"toolName":"t"}]'}, '{"toolCalls":[{"toolName":"t"}]}'),
        ({"ai.response.text": "Hm", "ai.response.toolCalls": "[]"}, '{"text":"Hm","toolCalls":[]}'),
        ({"ai.response.object": '{"a":1}'}, '{"a":1}'),
        ({"ai.toolCall.result": '"21"'}, '"21"'),
        ({"gen_ai.completion": "Hello"}, '"Hello"'),
        ({"http.response.status_code": 200}, None),
    ],
)
def test_output(attributes: Mapping[str, object], answered: str | None) -> None:
    """What came out is found wherever the conventions put it."""
    assert step_of(span(attributes, parent_span_id=ROOT)).output == answered


def test_flattened_messages() -> None:
    """Messages that OpenInference spreads over attributes are messages again."""
    asked, answered = contents(
        {
            "llm.input_messages.1.message.content": "Weather?",
            "llm.input_messages.1.message.role": "user",
            "llm.input_messages.0.message.role": "system",
            "llm.input_messages.0.message.contents.0.message_content.type": "text",
            "llm.input_messages.0.message.contents.0.message_content.text": "Be brief.",
            "llm.output_messages.0.message.role": "assistant",
            "llm.output_messages.0.message.tool_calls.0.tool_call.id": "call_1",
            "llm.output_messages.0.message.tool_calls.0.tool_call.function.name": "get_weather",
        }
    )

    assert asked == [
        {"role": "system", "contents": [{"type": "text", "text": "Be brief."}]},
        {"role": "user", "content": "Weather?"},
    ]
    assert answered == [{"role": "assistant", "tool_calls": [{"id": "call_1", "function": {"name": "get_weather"}}]}]


def test_flattened_prompts() -> None:
    """So are those of Traceloop."""
    asked, answered = contents(
        {
            "gen_ai.prompt.0.role": "user",
            "gen_ai.prompt.0.content": "Hi",
            "gen_ai.completion.0.role": "assistant",
            "gen_ai.completion.0.content": "Hello",
            "gen_ai.completion.0.finish_reason": "stop",
        }
    )

    assert asked == [{"role": "user", "content": "Hi"}]
    assert answered == [{"role": "assistant", "content": "Hello", "finish_reason": "stop"}]


def test_retrieved_documents() -> None:
    """The documents that a retriever found are its output."""
    found = {
        "openinference.span.kind": "RETRIEVER",
        "input.value": "weather",
        "retrieval.documents.0.document.id": "a",
        "retrieval.documents.0.document.score": 0.5,
        "retrieval.documents.1.document.id": "b",
    }

    assert contents(found) == ("weather", [{"id": "a", "score": 0.5}, {"id": "b"}])


def test_messages_in_events() -> None:
    """Messages that came as events, one each, make the input and the output."""
    asked, answered = contents(
        {"gen_ai.operation.name": "chat"},
        event("gen_ai.system.message", {"gen_ai.system": "openai", "content": "Be brief."}),
        event("gen_ai.user.message", {"gen_ai.event.content": '{"role":"user","content":"Hi"}'}),
        event("gen_ai.tool.message", {"gen_ai.event.content": "not JSON"}),
        event("gen_ai.choice", {"index": 0, "finish_reason": "stop", "message": {"content": "Hello"}}),
    )

    assert asked == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Hi"},
        {"role": "tool", "content": "not JSON"},
    ]
    assert answered == [{"index": 0, "finish_reason": "stop", "message": {"content": "Hello"}}]


def test_messages_in_one_event() -> None:
    """Messages that came in the event with the details of the call are those of the call."""
    details = {"gen_ai.input.messages": MESSAGES, "gen_ai.output.messages": "[]", "gen_ai.usage.input_tokens": 9}
    older = event("gen_ai.content.prompt", {"gen_ai.prompt": "Hi"}), event("gen_ai.content.completion", {})

    assert contents({}, event("gen_ai.client.inference.operation.details", details)) == (json.loads(MESSAGES), [])
    assert contents({}, *older) == ("Hi", None)


def test_json_too_deep_to_be_kept() -> None:
    """JSON that is nested deeper than we keep is not lost: it is a text."""
    deep = "[" * 300 + "]" * 300
    given = step_of(span({"input.value": deep})).input or ""

    assert not is_deep(given)
    assert json.loads(given) == deep
