"""The doors, held against the audits and the clients that others wrote for these protocols."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.servers import Server

HERE = Path(__file__).parent
NODE = str(HERE.parents[2] / "scripts" / "node")


@pytest.fixture(scope="module")
def packages() -> None:
    """What package-lock.json names, installed beside it."""
    installed, locked = HERE / "node_modules" / ".package-lock.json", HERE / "package-lock.json"
    if not installed.exists() or installed.stat().st_mtime < locked.stat().st_mtime:
        subprocess.run([NODE, "npm", "ci", "--no-audit", "--no-fund", "--loglevel=error"], cwd=HERE, check=True)


def run(script: str, *arguments: str) -> Any:
    finished = subprocess.run(
        [NODE, "node", str(HERE / script), *arguments], capture_output=True, text=True, check=False, timeout=100
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return json.loads(finished.stdout)


def test_the_audits_of_graphql_http(packages: None, shared_server: Server) -> None:
    """All audits of GraphQL over HTTP pass: those that MUST, those that SHOULD, and those that MAY."""
    results = run("audits.mjs", f"{shared_server.url}/graphql", shared_server.key)

    assert [result for result in results if result["status"] != "ok"] == []
    assert len(results) >= 61


def test_the_client_of_graphql_ws(packages: None, shared_server: Server) -> None:
    """The client that most people use queries, mutates, subscribes and leaves over one socket, and hears of errors."""
    told = run("graphql_ws.mjs", f"{shared_server.url}/graphql", shared_server.key)

    assert told["sockets"] == 1
    assert told["query"]["data"] == {"viewer": {"scopes": ["ADMIN", "INGEST", "READ"]}}
    assert told["wrong"]["errors"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"
    event = told["seen"]["data"]["events"]
    assert event["type"] == "TRACE_STARTED"
    assert event["trace"]["id"] in told["written"]
    assert told["last"] == {"data": {"__typename": "Query"}}


def test_the_client_of_graphql_sse(packages: None, shared_server: Server) -> None:
    """The client for server-sent events queries, mutates, subscribes and leaves, and hears of errors."""
    told = run("graphql_sse.mjs", f"{shared_server.url}/graphql", shared_server.key)

    assert told["query"]["data"] == {"viewer": {"scopes": ["ADMIN", "INGEST", "READ"]}}
    assert told["wrong"]["errors"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"
    event = told["seen"]["data"]["events"]
    assert event["type"] == "TRACE_STARTED"
    assert event["trace"]["id"] in told["written"]
