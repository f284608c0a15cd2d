"""Metrics: what Prometheus is told, by a server that is at work."""

import httpx
import pytest

from scripts.memory import free_port
from tests.servers import Server
from tests.waiting import until

WRITE = {"query": 'mutation { createTrace(input: {name: "run"}) { trace { id } } }'}


@pytest.fixture
def server_settings() -> dict[str, str]:
    """Metrics, at a port of their own."""
    return {"TRACEGRAPH_METRICS_PORT": str(free_port())}


def test_a_server_tells_what_it_does(server: Server) -> None:
    """Writes, refusals, the queue, the pool and the loop are told, on a port of their own and not on the public one."""
    with httpx.Client(base_url=server.url, trust_env=False) as client:
        for _ in range(3):
            client.post("/graphql", json=WRITE, headers=server.headers)
        client.post("/graphql", json=WRITE)
        public = client.get("/metrics")
    until(lambda: server.metric("tracegraph_loop_lag_seconds_count") > 0)

    assert public.status_code == 404
    assert server.metric('tracegraph_records_total{status="CREATED"}') == 3
    assert server.metric("tracegraph_commit_seconds_count") == 3
    assert server.metric("tracegraph_group_rows_count") == 3
    assert server.metric('tracegraph_refusals_total{code="UNAUTHENTICATED"}') == 1
    assert server.metric("tracegraph_waiting_rows") == 0
    assert server.metric("tracegraph_database_connections") >= 1
    assert server.metric("tracegraph_followed_projects") == 0
    assert server.metric("tracegraph_tasks") >= 1
    assert server.metric("tracegraph_pool_wait_seconds_count") >= 3
