"""The records that are sent: steps of 20 per trace with 300 bytes of input and of output, as in a chat."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from ingest.drafts import StepDraft, Usage
from ingest.records import StepRecord, step_record
from models.enums import StepKind, StepStatus
from models.ids import new_id
from models.values import BigInt, Json, Uuid

INGEST = "mutation Ingest($input: IngestInput!) { ingest(input: $input) { accepted refused } }"
CREATE_STEP = """mutation CreateStep($input: CreateStepInput!) {
  createStep(input: $input) { step { id } duplicate userErrors { message path } }
}"""
CREATE_TRACE = """mutation CreateTrace($input: CreateTraceInput!) {
  createTrace(input: $input) { trace { id } duplicate userErrors { message path } }
}"""
STEPS_PER_TRACE = 20
TEXT = [{"role": "user", "content": "x" * 262}]


def batch(size: int) -> list[dict[str, Any]]:
    """Steps as `ingest` takes them, 20 per trace."""
    traces = [new_id() for _ in range(max(1, size // STEPS_PER_TRACE))]
    return [step(traces[index % len(traces)]) for index in range(size)]


def step(trace_id: str) -> dict[str, Any]:
    """One finished model call."""
    now = datetime.now(UTC)
    return {
        "id": new_id(), "traceId": trace_id, "name": "chat", "kind": "LLM", "status": "OK",
        "startTime": now.isoformat(), "endTime": (now + timedelta(milliseconds=812)).isoformat(),
        "timeToFirstTokenMs": 120.5, "provider": "openai", "requestModel": "gpt-4o",
        "usage": {"input": 812, "output": 133}, "input": TEXT, "output": TEXT, "attributes": {"temperature": 0.2},
    }  # fmt: skip


def body(query: str, value: object) -> bytes:
    """A GraphQL request with one variable `input`."""
    return json.dumps({"query": query, "variables": {"input": value}}).encode()


def record(sent: dict[str, Any]) -> StepRecord:
    """The same step as the writer sends it to PostgreSQL."""
    now = datetime.now(UTC)
    draft = StepDraft(
        id=Uuid(sent["id"]), trace_id=Uuid(sent["traceId"]), name=sent["name"], kind=StepKind.LLM,
        status=StepStatus.OK, start_time=datetime.fromisoformat(sent["startTime"]),
        end_time=datetime.fromisoformat(sent["endTime"]), time_to_first_token_ms=120.5, provider="openai",
        request_model="gpt-4o", usage=Usage(input=BigInt(812), output=BigInt(133)), input=Json(json.dumps(TEXT)),
        output=Json(json.dumps(TEXT)), attributes=Json('{"temperature": 0.2}'),
    )  # fmt: skip
    return step_record(draft, now)
