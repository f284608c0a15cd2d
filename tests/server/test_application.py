"""The whole server, in a process of its own, in front of a real PostgreSQL and a real Redis."""

import httpx

from tests.servers import Server


def test_the_server_answers_with_the_development_key(server: Server) -> None:
    """What `make up` promises: the development key opens everything, nothing else opens anything."""
    with httpx.Client(base_url=server.url, trust_env=False) as client:
        query = {"query": "{ viewer { scopes } traces(first: 1) { nodes { id } } }"}
        stranger = client.post("/graphql", json=query)
        answer = client.post("/graphql", json=query, headers=server.headers)

    assert stranger.status_code == 401
    assert answer.json() == {"data": {"viewer": {"scopes": ["ADMIN", "INGEST", "READ"]}, "traces": {"nodes": []}}}


def test_a_trace_goes_through_all_floors(server: Server) -> None:
    """A trace that is recorded by a mutation is found by a query."""
    create = 'mutation { createTrace(input: {name: "run", metadata: {a: [1, 2.5]}}) { trace { id } } }'
    find = "query($id: ID!) { trace(id: $id) { name metadata status steps { nodes { id } } } }"
    with httpx.Client(base_url=server.url, trust_env=False, headers=server.headers) as client:
        created = client.post("/graphql", json={"query": create}).json()
        trace_id = created["data"]["createTrace"]["trace"]["id"]
        found = client.post("/graphql", json={"query": find, "variables": {"id": trace_id}}).json()

    assert found["data"]["trace"]["name"] == "run"
    assert found["data"]["trace"]["metadata"] == {"a": [1, 2.5]}


def test_the_server_stops_when_told(server: Server) -> None:
    """SIGTERM ends the server, and its status says that all is well."""
    assert server.stop() == 0
