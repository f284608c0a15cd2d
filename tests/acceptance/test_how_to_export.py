"""The page about exports, walked by a stranger who types what it says."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import orjson
import pytest

from tests.acceptance.test_how_to import ask, blocks
from tests.export.stored import lines_of
from tests.servers import Server

PAGE = "export.md"
WHERE = "http://127.0.0.1:8000"
STEPS = 3
TRACE = """
mutation { createTrace(input: {name: "run", environment: "production"}) { trace { id } userErrors { message } } }
"""
STEP = """
mutation {
  createStep(input: {
    traceId: "%s", name: "call", kind: LLM, model: "m", cost: "0.5", startTime: "2026-11-02T10:00:00Z"
  }) { step { id } userErrors { message } }
}
"""
PROJECT = """
mutation { createProject(input: {name: "%s"}) { project { id } userErrors { message } } }
"""


class Stranger:
    """Somebody with a shell in a folder, who knows the page and a server."""

    def __init__(self, server: Server, client: httpx.Client, folder: Path) -> None:
        self._server = server
        self._client = client
        self._folder = folder

    def url(self, form: str = "NDJSON") -> str:
        """What the mutation of the page gives, for a format."""
        (mutation,) = blocks(PAGE, "graphql")
        made: str = ask(self._client, mutation.replace("NDJSON", form))["createExport"]["export"]["url"]
        return made

    def types(self, *command: str, **variables: str) -> None:
        """Run a command, which has to succeed."""
        done = subprocess.run(
            command,
            cwd=self._folder,
            env=os.environ | variables,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 0, done.stdout + done.stderr

    def fetches(self, line: str, **variables: str) -> None:
        """Type a line of the page into a shell, with the server where it really is."""
        self.types("bash", "-euc", line.replace(WHERE, self._server.url), **variables)


@pytest.fixture
def stranger(shared_server: Server, tmp_path: Path) -> Iterator[Stranger]:
    with httpx.Client(base_url=shared_server.url, headers=shared_server.headers, trust_env=False) as client:
        ask(client, PROJECT % tmp_path.name)
        client.headers["x-tracegraph-project"] = tmp_path.name
        trace = ask(client, TRACE)["createTrace"]["trace"]["id"]
        for _ in range(STEPS):
            ask(client, STEP % trace)
        yield Stranger(shared_server, client, tmp_path)


def test_an_export_is_fetched_resumed_and_read_as_the_page_says(stranger: Stranger, tmp_path: Path) -> None:
    """What the mutation gives is fetched by one command, resumed by the other, and read by the lines of Python."""
    fetch, go_on = (line for line in blocks(PAGE, "sh") if "curl" in line)
    stranger.fetches(fetch, URL=stranger.url())
    whole, end = lines_of((tmp_path / "steps.ndjson").read_bytes())
    (tmp_path / "steps.ndjson").write_bytes(whole[0])
    first = orjson.loads(whole[0])
    keys = {"PROJECT_ID": first["projectId"], "TRACE_ID": first["traceId"], "ID": first["id"]}
    stranger.fetches(go_on, URL=stranger.url(), **keys)
    resumed, _ = lines_of((tmp_path / "steps.ndjson").read_bytes())
    for form in ("CSV", "PARQUET"):
        stranger.fetches(fetch.replace("ndjson", form.lower()), URL=stranger.url(form))
    (reading,) = blocks(PAGE, "python")
    stranger.types(sys.executable, "-c", reading)

    assert (len(whole), end["rows"]) == (STEPS, STEPS)
    assert list(first) == ["projectId", "traceId", "id", "name", "durationMs", "model", "cost"]
    assert resumed == whole
