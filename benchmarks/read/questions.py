"""What is asked of everybody, in the words of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

STEP = "id name kind status startTime endTime durationMs provider model cost"
TRACE = "id name status startTime endTime durationMs sessionId userId environment"


@dataclass(frozen=True, kw_only=True)
class Question:
    """One question: our document, that of the peer, and the name by which a hand-written handler knows it."""

    name: str
    ours: str
    peers: str
    variables: Mapping[str, Any] = field(default_factory=dict)

    def body(self, document: str) -> bytes:
        """The request for it."""
        return orjson.dumps({"query": document, "variables": self.variables, "operationName": self.name})


def questions(project_id: str, trace_id: str) -> list[Question]:
    """A page of 50 traces with 20 steps each, one trace with its steps, a list of 50 traces, and next to nothing."""
    page = f"traces(first: 50) {{ nodes {{ id name steps(first: 20) {{ nodes {{ {STEP} }} }} }} }}"
    trace = f"trace(id: $id) {{ id name steps(first: 20) {{ nodes {{ {STEP} }} }} }}"
    listed = f"traces(first: 50) {{ nodes {{ {TRACE} }} }}"
    scope = f'projectId: "{project_id}"'
    order = "orderBy: [START_TIME_DESC, ROW_ID_DESC]"
    peers_listed = f"traces: allTraces(first: 50, {order}, condition: {{ {scope} }})"
    peers_steps = (
        "steps: traceStepsByProjectIdAndTraceId(first: 20, orderBy: [START_TIME_ASC, ROW_ID_ASC]) "
        f"{{ nodes {{ id: rowId {STEP.removeprefix('id ')} }} }}"
    )
    return [
        Question(
            name="page",
            ours=f"query page {{ {page} }}",
            peers=f"query page {{ {peers_listed} {{ nodes {{ id: rowId name {peers_steps} }} }} }}",
        ),
        Question(
            name="trace",
            ours=f"query trace($id: ID!) {{ {trace} }}",
            peers=f"query trace($id: UUID!) {{ trace: traceByProjectIdAndRowId({scope}, rowId: $id) "
            f"{{ id: rowId name {peers_steps} }} }}",
            variables={"id": trace_id},
        ),
        Question(
            name="list",
            ours=f"query list {{ {listed} }}",
            peers=f"query list {{ {peers_listed} {{ nodes {{ id: rowId {TRACE.removeprefix('id ')} }} }} }}",
        ),
        Question(name="typename", ours="query typename { __typename }", peers="query typename { __typename }"),
    ]
