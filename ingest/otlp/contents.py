"""What went into a span and what came out of it, wherever its conventions put that."""

from collections.abc import Sequence
from typing import Any, Final

from ingest.otlp.attributes import Attributes, first
from ingest.otlp.flattened import gathered
from ingest.otlp.texts import json_object, json_text
from models.values import Json

# What stands first says most; OpenInference's `input.value` and `output.value` stand before all of these.
INPUT: Final = (
    "gen_ai.input.messages", "gen_ai.tool.call.arguments", "gen_ai.retrieval.query.text", "traceloop.entity.input",
    "ai.prompt.messages", "ai.prompt", "ai.toolCall.args", "ai.values", "ai.value", "gen_ai.prompt",
)  # fmt: skip
OUTPUT: Final = (
    "gen_ai.output.messages", "gen_ai.tool.call.result", "gen_ai.retrieval.documents", "traceloop.entity.output",
    "ai.response.object", "ai.toolCall.result", "ai.embeddings", "ai.embedding", "ai.result.text", "ai.result.object",
    "gen_ai.completion",
)  # fmt: skip
INPUT_LISTS: Final = ("llm.input_messages.", "gen_ai.prompt.", "llm.prompts.", "reranker.input_documents.")
OUTPUT_LISTS: Final = (
    "llm.output_messages.", "gen_ai.completion.", "llm.choices.", "retrieval.documents.", "reranker.output_documents.",
)  # fmt: skip
INSTRUCTIONS: Final = "gen_ai.system_instructions"
ANSWER: Final = {"text": "ai.response.text", "reasoning": "ai.response.reasoning", "toolCalls": "ai.response.toolCalls"}


def input_of(attributes: Attributes, messages: Sequence[Any] = ()) -> Json | None:
    """What a span was given; `messages` are those its events tell."""
    if (value := attributes.get("input.value")) is not None:
        return json_text(value, attributes.get("input.mime_type"))
    value = first(attributes, INPUT)
    instructions = attributes.get(INSTRUCTIONS)
    if instructions is not None:
        members = {"system_instructions": json_text(instructions)}
        return json_object(members if value is None else {**members, "messages": json_text(value)})
    return _text(value, attributes, INPUT_LISTS, messages)


def output_of(attributes: Attributes, messages: Sequence[Any] = ()) -> Json | None:
    """What a span answered; `messages` are those its events tell."""
    if (value := attributes.get("output.value")) is not None:
        return json_text(value, attributes.get("output.mime_type"))
    value = first(attributes, OUTPUT)
    if value is None and (answer := _answer(attributes)):
        return answer
    return _text(value, attributes, OUTPUT_LISTS, messages)


def _text(value: Any, attributes: Attributes, lists: tuple[str, ...], messages: Sequence[Any]) -> Json | None:
    if value is None:
        value = gathered(attributes, lists) or messages or None
    return None if value is None else json_text(value)


def _answer(attributes: Attributes) -> Json | None:
    """The answer of the Vercel AI SDK: a text, or an object when there is more than that."""
    parts = {part: json_text(attributes[name]) for part, name in ANSWER.items() if attributes.get(name)}
    return parts["text"] if list(parts) == ["text"] else json_object(parts) if parts else None
