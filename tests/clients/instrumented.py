"""An application as people instrument it: an agent that calls a model, a tool, a stream, embeddings, and fails once.

Run as `python instrumented.py <dialect> <base URL of the provider>`; where its spans go is told by OpenTelemetry's own
environment variables. Prints the id of its trace.
"""

import sys
from collections.abc import Callable, Mapping
from typing import Any

import openai
from openinference.instrumentation import using_attributes
from openinference.instrumentation.openai import OpenAIInstrumentor as OpenInference
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.openai_v2 import OpenAIInstrumentor as OpenTelemetry
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

INSTRUMENTORS: Mapping[str, Callable[[], Any]] = {"openinference": OpenInference, "opentelemetry": OpenTelemetry}

TOOLS: Any = [
    {
        "type": "function",
        "function": {
            "name": "get_weather",
            "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
        },
    }
]
QUESTION: Any = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "What is the weather in Oslo?"},
]
STREAMED: Any = {"stream": True, "stream_options": {"include_usage": True}}


def run(client: openai.OpenAI, tracer: trace.Tracer) -> None:
    """One question answered: by a tool, then streamed; something looked up; and one call that fails."""
    asked = client.chat.completions.create(model="gpt-4o", messages=QUESTION, tools=TOOLS)
    call = asked.choices[0].message
    with tracer.start_as_current_span("get_weather", attributes={"gen_ai.operation.name": "execute_tool"}) as span:
        span.set_attribute("gen_ai.tool.call.arguments", '{"city": "Oslo"}')
        span.set_attribute("gen_ai.tool.call.result", "21")
    answered: Any = [*QUESTION, call, {"role": "tool", "tool_call_id": "call_1", "content": "21"}]
    client.chat.completions.create(model="gpt-4o", messages=answered, tools=TOOLS)
    for _ in client.chat.completions.create(model="gpt-4o", messages=QUESTION, **STREAMED):
        pass
    client.embeddings.create(model="text-embedding-3-small", input=["Oslo", "Bergen"])
    client.chat.completions.create(model="broken", messages=QUESTION)


def main(dialect: str, base_url: str) -> None:
    """Run with the instrumentor of a dialect and send its spans before the end."""
    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
    INSTRUMENTORS[dialect]().instrument()
    tracer = trace.get_tracer("shop")
    client = openai.OpenAI(base_url=base_url, api_key="none", max_retries=0)
    context = using_attributes(session_id="session-1", user_id="user-1", tags=["demo"], metadata={"plan": "gold"})
    with context, tracer.start_as_current_span("answer a question") as root:
        for name, value in {"session.id": "session-1", "user.id": "user-1", "tag.tags": ["demo"]}.items():
            root.set_attribute(name, value)
        sys.stdout.write(f"{root.get_span_context().trace_id:032x}\n")
        try:
            run(client, tracer)
        except openai.RateLimitError as error:
            root.add_event("gave up", {"reason": str(error)})
    provider.shutdown()


if __name__ == "__main__":
    main(*sys.argv[1:])
