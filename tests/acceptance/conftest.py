"""Recordings to replay, and the clients from npm."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

import pytest

from scripts.replaying.inventions import invented_requests, invented_runs
from scripts.replaying.recordings import write_requests, write_runs
from tests.acceptance.asking import Caller
from tests.acceptance.recorded import SHARED, Recording
from tests.servers import ROOT, Server


@pytest.fixture(scope="session")
def clients() -> None:
    """The packages of tests/clients, installed."""
    subprocess.run([ROOT / "scripts/install", "clients"], check=True)


@pytest.fixture(scope="session")
def invented(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    """A recording that was made up, the same each time."""
    folder = tmp_path_factory.mktemp("invented")
    recording = Recording(runs=folder / "runs.jsonl.gz", arrivals=folder / "requests.csv.gz")
    write_runs(recording.runs, invented_runs())
    write_requests(recording.arrivals, invented_requests())
    return recording


@pytest.fixture(scope="session")
def recording(invented: Recording) -> Recording:
    """The real recording where it is at hand, else the invented one."""
    real = Recording(runs=SHARED / "agent_runs.jsonl.gz", arrivals=SHARED / "llm_requests_conv.csv.gz")
    return real if real.runs.exists() and real.arrivals.exists() else invented


@pytest.fixture
def caller(server: Server) -> Iterator[Caller]:
    """Someone who asks the server."""
    with Caller(server) as caller:
        yield caller
