"""What the events of a span tell: exceptions, the first token, messages, and anything else."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

import orjson
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from ingest.otlp.attributes import Attributes, attributes_of

EXCEPTION: Final = "exception"
FIRST_TOKEN: Final = frozenset(
    ("First Token Stream Event", "ai.stream.firstChunk", "gen_ai.first_token", "llm.content.completion.chunk")
)
# OpenTelemetry GenAI before messages became attributes: an event for each message, named by who speaks.
INPUT_MESSAGES: Final = {
    "gen_ai.system.message": "system",
    "gen_ai.user.message": "user",
    "gen_ai.assistant.message": "assistant",
    "gen_ai.tool.message": "tool",
}
CHOICE: Final = "gen_ai.choice"
# One event with the attributes of the call: all messages (newer), or one side of them (older).
DETAILS: Final = frozenset(
    ("gen_ai.client.inference.operation.details", "gen_ai.content.prompt", "gen_ai.content.completion")
)
NO_PART: Final = frozenset(("gen_ai.system", "gen_ai.provider.name", "gen_ai.event.content"))


@dataclass(kw_only=True)
class Told:
    """What the events of one span say together."""

    exception: Attributes = field(default_factory=dict)
    first_token: int | None = None
    inputs: list[Any] = field(default_factory=list)
    outputs: list[Any] = field(default_factory=list)
    details: dict[str, Any] = field(default_factory=dict)
    others: list[Any] = field(default_factory=list)


def told_by(events: Iterable[Span.Event]) -> Told:
    """Read the events; the last exception is the one that counts, the first token is the earliest."""
    told = Told()
    for event in events:
        name, attributes = event.name, attributes_of(event.attributes)
        if name == EXCEPTION:
            told.exception = attributes
        elif name in FIRST_TOKEN:
            told.first_token = min(event.time_unix_nano, told.first_token or event.time_unix_nano)
            told.details |= attributes
        elif name in INPUT_MESSAGES:
            told.inputs.append(_message(attributes, INPUT_MESSAGES[name]))
        elif name == CHOICE:
            told.outputs.append(_message(attributes, "assistant"))
        elif name in DETAILS:
            told.details |= attributes
        else:
            told.others.append({"name": name, "time_unix_nano": str(event.time_unix_nano), "attributes": attributes})
    return told


def _message(attributes: Attributes, role: str) -> Any:
    """The message in an event: its attributes, or the JSON that some put into a single one."""
    content = attributes.get("gen_ai.event.content")
    if isinstance(content, str):
        try:
            return orjson.loads(content)
        except orjson.JSONDecodeError:
            return {"role": role, "content": content}
    members = {name: value for name, value in attributes.items() if name not in NO_PART}
    return members if "role" in members or "message" in members else {"role": role, **members}
