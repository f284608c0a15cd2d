"""Metrics: what Prometheus is told, by a server that is at work."""

import re

import httpx
import pytest

from scripts.memory import free_port
from tests.servers import Server
from tests.waiting import until

WRITE = {"query": 'mutation { createTrace(input: {name: "run"}) { trace { id } } }'}


@pytest.fixture
def metrics_url(server: Server) -> str:
    """Where a server tells its metrics; it is started anew for that."""
    port = free_port()
    server.stop()
    server.set("TRACEGRAPH_METRICS_PORT", str(port))
    server.start()
    return f"http://127.0.0.1:{port}/metrics"


def test_a_server_tells_what_it_does(server: Server, metrics_url: str) -> None:
    """Writes, refusals, the queue, the pool and the loop are told, on a port of their own and not on the public one."""
    with httpx.Client(base_url=server.url, trust_env=False) as client:
        for _ in range(3):
            client.post("/graphql", json=WRITE, headers=server.headers)
        client.post("/graphql", json=WRITE)
        public = client.get("/metrics")
        until(lambda: value(client.get(metrics_url).text, "tracegraph_loop_lag_seconds_count") > 0)
        told = client.get(metrics_url).text

    assert public.status_code == 404
    assert value(told, 'tracegraph_records_total{status="CREATED"}') == 3
    assert value(told, "tracegraph_commit_seconds_count") == 3
    assert value(told, "tracegraph_group_rows_count") == 3
    assert value(told, 'tracegraph_refusals_total{code="UNAUTHENTICATED"}') == 1
    assert value(told, "tracegraph_waiting_rows") == 0
    assert value(told, "tracegraph_database_connections") >= 1
    assert value(told, "tracegraph_pool_wait_seconds_count") >= 3


def value(text: str, name: str) -> float:
    found = re.search(rf"^{re.escape(name)} (\S+)$", text, re.MULTILINE)
    return float(found[1]) if found else 0.0
