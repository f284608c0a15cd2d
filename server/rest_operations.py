"""The operations of the REST API: each is a stored GraphQL document, and where its variables come from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from http import HTTPStatus
from typing import Final


class Answering(Enum):
    """What becomes of the data of an operation."""

    SHOWN = auto()  # the value of the root field is the body
    RECORDED = auto()  # the payload of a mutation has it, or user errors
    STREAMED = auto()  # the payload has a URL, and what it opens is the body


@dataclass(frozen=True, kw_only=True)
class RestOperation:
    """One method of one path. Variables that are neither in the path nor the body are parameters of the query."""

    name: str
    method: str
    path: str
    summary: str
    document: str
    thing: str = ""
    answering: Answering = Answering.SHOWN
    in_path: Sequence[str] = ()
    body: str | None = None
    fills: Mapping[str, str] | None = None
    """Fields of the body that the path gives, by the name of their part of the path."""

    @property
    def success(self) -> HTTPStatus:
        """The status when all is well."""
        return HTTPStatus.CREATED if self.answering is Answering.RECORDED else HTTPStatus.OK


USAGE: Final = "usage { input output total cacheRead cacheWrite reasoning }"
TRACE: Final = f"""
id project {{ id name }} name status startTime endTime durationMs sessionId userId environment release serviceName tags
metadata errorType errorMessage stepCount errorCount {USAGE} cost models createdAt updatedAt
"""
STEP: Final = f"""
id parent {{ id }} name kind status startTime endTime durationMs timeToFirstTokenMs provider model requestModel
responseModel {USAGE} cost costSource input output attributes errorType errorMessage createdAt updatedAt
"""
SPREAD: Final = "count mean min max p50 p75 p90 p95 p99"
METRICS: Final = f"""
traceCount stepCount errorCount errorRate {USAGE} cost costPerThousandTokens stepsPerSecond outputTokensPerSecond
durationMs {{ {SPREAD} }} timeToFirstTokenMs {{ {SPREAD} }}
"""
# The same everywhere: what is left out says nothing, in the filter as in the request.
CHOICE: Final = """
$filter: [TraceFilter!], $q: String, $name: String, $status: [TraceStatus!], $sessionId: String, $userId: String,
$environment: String, $model: [String!], $tags: [String!], $from: DateTime, $to: DateTime
"""
CHOSEN: Final = """{
  and: $filter, search: $q, name: { eq: $name }, status: { in: $status }, sessionId: { eq: $sessionId },
  userId: { eq: $userId }, environment: { eq: $environment }, model: { in: $model }, tags: { hasAll: $tags },
  startTime: { gte: $from, lt: $to }
}"""
ERRORS: Final = "userErrors { code message path }"

OPERATIONS: Final = (
    RestOperation(
        name="createTrace",
        method="POST",
        path="/api/traces",
        summary="Record what is known of a trace; answered after it is durable.",
        document=f"""
mutation CreateTrace($input: CreateTraceInput!) {{
  createTrace(input: $input) {{ trace {{ {TRACE} input output }} duplicate {ERRORS} }}
}}""",
        thing="trace",
        answering=Answering.RECORDED,
        body="input",
    ),
    RestOperation(
        name="searchTraces",
        method="GET",
        path="/api/traces/search",
        summary="Traces of the project, newest first unless ordered otherwise, page by page.",
        document=f"""
query SearchTraces(
  {CHOICE}, $orderBy: TraceOrderField! = START_TIME, $direction: OrderDirection! = DESC, $first: Int = 20,
  $after: Cursor
) {{
  traces(filter: {CHOSEN}, orderBy: {{ field: $orderBy, direction: $direction }}, first: $first, after: $after) {{
    nodes {{ {TRACE} }}
    pageInfo {{ hasNextPage endCursor }}
  }}
}}""",
        thing="traces",
    ),
    RestOperation(
        name="analyseTraces",
        method="GET",
        path="/api/traces/analytics",
        summary="Counts, tokens, cost, errors and latencies of steps: in all, by group, and over time.",
        document=f"""
query AnalyseTraces(
  $from: DateTime!, $to: DateTime!, $filter: TraceFilter, $steps: StepFilter, $groupBy: [Dimension!],
  $interval: Interval, $timeZone: String, $top: Int
) {{
  analytics(
    range: {{ start: $from, end: $to }}, traces: $filter, steps: $steps, groupBy: $groupBy, interval: $interval,
    timeZone: $timeZone, top: $top
  ) {{
    start end source relativeError totals {{ {METRICS} }}
    groups {{ key {{ dimension value }} metrics {{ {METRICS} }} }}
    series {{ start metrics {{ {METRICS} }} }}
  }}
}}""",
        thing="analytics",
    ),
    RestOperation(
        name="exportTraces",
        method="GET",
        path="/api/traces/export",
        summary="Traces, or their steps, as a file that is made while it is read.",
        document=f"""
mutation ExportTraces(
  $kind: ExportKind! = TRACES, $format: ExportFormat! = NDJSON, $fields: [String!], $steps: StepFilter, {CHOICE}
) {{
  createExport(input: {{ kind: $kind, format: $format, fields: $fields, steps: $steps, traces: {CHOSEN} }}) {{
    export {{ url }} {ERRORS}
  }}
}}""",
        thing="export",
        answering=Answering.STREAMED,
    ),
    RestOperation(
        name="getTrace",
        method="GET",
        path="/api/traces/{id}",
        summary="One trace, with its first steps.",
        document=f"""
query GetTrace($id: ID!, $stepsFirst: Int = 100, $stepsAfter: Cursor) {{
  trace(id: $id) {{
    {TRACE} input output
    steps(first: $stepsFirst, after: $stepsAfter) {{ nodes {{ {STEP} }} pageInfo {{ hasNextPage endCursor }} }}
  }}
}}""",
        thing="trace",
        in_path=("id",),
    ),
    RestOperation(
        name="createStep",
        method="POST",
        path="/api/traces/{id}/steps",
        summary="Record what is known of a step of a trace; answered after it is durable. The trace may come later.",
        document=f"""
mutation CreateStep($input: CreateStepInput!) {{
  createStep(input: $input) {{ step {{ {STEP} trace {{ id }} }} duplicate {ERRORS} }}
}}""",
        thing="step",
        answering=Answering.RECORDED,
        body="input",
        fills={"traceId": "id"},
    ),
)

PARAMETERS: Final[Mapping[str, str]] = {
    "id": "The id of the trace, a UUID.",
    "filter": "A filter of traces, as JSON; whatever else is chosen narrows it.",
    "steps": "A filter of steps, as JSON.",
    "q": "Words, each of which is somewhere in the trace or in one of its steps.",
    "name": "What the trace is called.",
    "status": "How it stands; several times for one of several.",
    "sessionId": "The session it belongs to.",
    "userId": "The end user it ran for.",
    "environment": "Where it ran.",
    "model": "A model of its steps; several times for one of several.",
    "tags": "A label that it has; several times for all of several.",
    "from": "It started then or later (of analytics: the steps).",
    "to": "It started earlier than then (of analytics: the steps).",
    "orderBy": "By what the traces are sorted.",
    "direction": "Which end comes first.",
    "first": "How many at most, up to 100.",
    "after": "Where to go on: `pageInfo.endCursor` of the page before; of an export, the keys of the last row.",
    "stepsFirst": "How many of its steps at most, up to 1,000.",
    "stepsAfter": "Where to go on with the steps: `steps.pageInfo.endCursor` of the answer before.",
    "groupBy": "A dimension to group by, up to three of them.",
    "interval": "How long each point of the series is; without it there is none.",
    "timeZone": "The IANA time zone of days and weeks.",
    "top": "How many groups, those with most steps first.",
    "kind": "What the rows are.",
    "format": "The form of the file.",
    "fields": "A field that is wanted, several times for several; all when left out.",
    "limit": "How many rows at most.",
}
# Parameters of an export that are none of its document: which part of the file is sent.
PART: Final = ("after", "limit")
