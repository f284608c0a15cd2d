"""Applications instrumented by others' libraries, sending to our server as to any: their spans arrive complete."""

import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import httpx
import pytest

from tests.fakes.provider import ANSWER, provider
from tests.servers import ROOT, Server

PROGRAM = ROOT / "tests" / "clients" / "instrumented.py"

QUESTION = """
query($id: ID!) {
  trace(id: $id) {
    name status serviceName release environment sessionId userId tags stepCount errorCount models cost
    usage { input output cacheRead reasoning }
    steps(first: 100) {
      nodes {
        id parent { id } name kind status provider model requestModel responseModel timeToFirstTokenMs
        usage { input output cacheRead reasoning } cost costSource input output attributes errorType errorMessage
      }
    }
  }
}
"""

MESSAGES_IN_SPANS = {
    "OTEL_SEMCONV_STABILITY_OPT_IN": "gen_ai_latest_experimental",
    "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT": "SPAN_ONLY",
}


@pytest.fixture(scope="module")
def base_url() -> Iterator[str]:
    with provider() as url:
        yield url


def trace_of(server: Server, base_url: str, dialect: str, **options: str) -> dict[str, Any]:
    """Run the application against the server; the trace that it leaves there."""
    settings = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": server.url,
        "OTEL_EXPORTER_OTLP_HEADERS": f"authorization=Bearer%20{server.key}",
        "OTEL_RESOURCE_ATTRIBUTES": "service.name=shop,service.version=1.2.3,deployment.environment.name=test",
        "OTEL_EXPORTER_OTLP_COMPRESSION": "gzip",
    }
    command = [sys.executable, str(PROGRAM), dialect, base_url]
    done = subprocess.run(
        command, env={**os.environ, **settings, **options}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "Failed to export" not in done.stderr, done.stderr
    body = {"query": QUESTION, "variables": {"id": str(UUID(done.stdout.strip()))}}
    answer = httpx.post(f"{server.url}/graphql", json=body, headers=server.headers, trust_env=False).json()
    assert "errors" not in answer, answer
    found: dict[str, Any] = answer["data"]["trace"]
    return found


def by_kind(trace: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [step for step in trace["steps"]["nodes"] if step["kind"] == kind]


def check_run(trace: dict[str, Any]) -> None:
    """What is true of the trace in every dialect."""
    (root,) = (step for step in trace["steps"]["nodes"] if step["parent"] is None)
    expected = {
        "name": "answer a question",
        "status": "OK",
        "serviceName": "shop",
        "release": "1.2.3",
        "environment": "test",
        "sessionId": "session-1",
        "userId": "user-1",
        "tags": ["demo"],
        "stepCount": 7,
        "errorCount": 1,
    }

    assert expected.items() <= trace.items()
    assert [step["parent"] for step in trace["steps"]["nodes"] if step is not root] == [{"id": root["id"]}] * 6
    assert (root["name"], root["kind"]) == ("answer a question", "CHAIN")
    assert root["attributes"]["otel.events"][0]["name"] == "gave up"


def check_calls(trace: dict[str, Any]) -> None:
    """What is true of the calls of the model in every dialect."""
    *calls, failed = by_kind(trace, "LLM")
    (embedding,), (tool,) = by_kind(trace, "EMBEDDING"), by_kind(trace, "TOOL")

    assert len(calls) == 3
    for call in calls:
        assert (call["status"], call["provider"], call["requestModel"]) == ("OK", "openai", "gpt-4o")
        assert call["model"] == "gpt-4o-2024-08-06"
        assert (call["usage"]["input"], call["usage"]["output"]) == (120, 30)
        assert call["costSource"] == "CALCULATED"
        assert float(call["cost"]) > 0
    assert (failed["status"], failed["requestModel"], failed["provider"]) == ("ERROR", "broken", "openai")
    assert "RateLimitError" in failed["errorType"]
    assert "Slow down." in failed["errorMessage"]
    assert (embedding["model"], embedding["usage"]["input"]) == ("text-embedding-3-small", 8)
    assert (tool["name"], tool["input"], tool["output"]) == ("get_weather", {"city": "Oslo"}, "21")


def test_openinference(shared_server: Server, base_url: str) -> None:
    """The spans of OpenInference's instrumentor for OpenAI arrive with everything they say."""
    trace = trace_of(shared_server, base_url, "openinference")
    check_run(trace)
    check_calls(trace)
    asked, answered, streamed, failed = by_kind(trace, "LLM")

    assert asked["usage"] == {"input": 120, "output": 30, "cacheRead": 100, "reasoning": 12}
    assert asked["input"]["messages"][1]["content"] == "What is the weather in Oslo?"
    assert asked["output"]["choices"][0]["message"]["tool_calls"][0]["function"]["name"] == "get_weather"
    assert answered["output"]["choices"][0]["message"]["content"] == ANSWER
    assert streamed["output"]["choices"][0]["message"]["content"].strip() == ANSWER
    assert streamed["timeToFirstTokenMs"] > 0
    assert failed["input"]["messages"][0]["content"] == "Be brief."
    assert asked["attributes"]["llm.tools.0.tool.json_schema"]


def test_opentelemetry(shared_server: Server, base_url: str) -> None:
    """The spans of OpenTelemetry's instrumentor for OpenAI arrive with everything they say."""
    trace = trace_of(shared_server, base_url, "opentelemetry", **MESSAGES_IN_SPANS)
    check_run(trace)
    check_calls(trace)
    asked, answered, streamed, failed = by_kind(trace, "LLM")

    assert asked["name"] == "chat gpt-4o"
    assert asked["input"][1]["parts"][0]["content"] == "What is the weather in Oslo?"
    assert asked["output"][0]["parts"][0]["name"] == "get_weather"
    assert answered["output"][0]["parts"][0]["content"] == ANSWER
    assert streamed["output"][0]["parts"][0]["content"].strip() == ANSWER
    assert failed["input"][0]["parts"][0]["content"] == "Be brief."
    assert asked["attributes"]["gen_ai.response.finish_reasons"] == ["tool_calls"]


def test_opentelemetry_by_its_older_conventions(shared_server: Server, base_url: str) -> None:
    """So do those by the conventions it follows unless told otherwise; these keep their messages to themselves."""
    trace = trace_of(shared_server, base_url, "opentelemetry")
    check_run(trace)
    check_calls(trace)

    assert {step["attributes"].get("gen_ai.system") for step in by_kind(trace, "LLM")} == {"openai"}
