"""Asking the server over HTTP, and reading everything it holds page by page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Any, Self

import httpx

from tests.servers import Server

TRACES_AT_ONCE = 25
STEPS_AT_ONCE = 20

STEP_FIELDS = (
    "id name kind status startTime input output model usage { input output cacheRead cacheWrite reasoning } cost"
)
TRACES = f"""
query Traces($first: Int, $after: Cursor, $steps: Int) {{
  traces(first: $first, after: $after) {{
    pageInfo {{ hasNextPage endCursor }}
    nodes {{
      id name status metadata input output stepCount errorCount models cost
      usage {{ input output cacheRead cacheWrite reasoning }}
      project {{ id }}
      steps(first: $steps) {{ pageInfo {{ hasNextPage endCursor }} nodes {{ {STEP_FIELDS} }} }}
    }}
  }}
}}
"""
STEPS = f"""
query Steps($id: ID!, $first: Int, $after: Cursor) {{
  trace(id: $id) {{
    steps(first: $first, after: $after) {{ pageInfo {{ hasNextPage endCursor }} nodes {{ {STEP_FIELDS} }} }}
  }}
}}
"""
CREATE = "mutation Create($input: CreateTraceInput!) { createTrace(input: $input) { trace { id project { id } } } }"


class Caller:
    """Someone with a key, and a connection that is kept."""

    def __init__(self, server: Server) -> None:
        self._url = f"{server.url}/graphql"
        self._client = httpx.Client(headers=server.headers, trust_env=False, timeout=20.0)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._client.close()

    def ask(self, document: str, **variables: object) -> dict[str, Any]:
        """The data of an operation; raises AssertionError with its errors when there are any."""
        answer = self._client.post(self._url, json={"query": document, "variables": variables}).json()
        assert "errors" not in answer, answer
        data: dict[str, Any] = answer["data"]
        return data

    def mark(self) -> str:
        """The id of a new trace that is called a mark."""
        identity: str = self.ask(CREATE, input={"name": "mark"})["createTrace"]["trace"]["id"]
        return identity

    def traces(self) -> list[dict[str, Any]]:
        """All traces but marks, with all their steps in a list."""
        return [trace | {"steps": list(self._steps(trace))} for trace in self._traces() if trace["name"] != "mark"]

    def _traces(self) -> Iterator[dict[str, Any]]:
        page: Mapping[str, Any] = {"pageInfo": {"hasNextPage": True, "endCursor": None}}
        while page["pageInfo"]["hasNextPage"]:
            after = page["pageInfo"]["endCursor"]
            page = self.ask(TRACES, first=TRACES_AT_ONCE, after=after, steps=STEPS_AT_ONCE)["traces"]
            yield from page["nodes"]

    def _steps(self, trace: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        page = trace["steps"]
        yield from page["nodes"]
        while page["pageInfo"]["hasNextPage"]:
            after = page["pageInfo"]["endCursor"]
            page = self.ask(STEPS, id=trace["id"], first=STEPS_AT_ONCE, after=after)["trace"]["steps"]
            yield from page["nodes"]
