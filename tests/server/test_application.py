"""The whole server, in a process of its own, in front of a real PostgreSQL and a real Redis."""

import json
from collections.abc import Iterator
from contextlib import AbstractContextManager

import httpx
import pytest

from models.ids import new_id
from pubsub import cursor
from tests.servers import Server


@pytest.fixture
def project(shared_server: Server) -> str:
    """The name of a project of the test's own."""
    name = f"shop {new_id()}"
    create = "mutation($name: String!) { createProject(input: {name: $name}) { project { name } } }"
    body = {"query": create, "variables": {"name": name}}
    answer = httpx.post(f"{shared_server.url}/graphql", json=body, headers=shared_server.headers, trust_env=False)
    told: str = answer.json()["data"]["createProject"]["project"]["name"]
    return told


@pytest.fixture
def client(shared_server: Server, project: str) -> Iterator[httpx.Client]:
    """A client with the development key, in the test's project."""
    headers = {**shared_server.headers, "x-tracegraph-project": project}
    with httpx.Client(base_url=shared_server.url, trust_env=False, headers=headers, timeout=20) as client:
        yield client


def test_the_server_answers_with_the_development_key(client: httpx.Client) -> None:
    """What `make up` promises: the development key opens everything, nothing else opens anything."""
    query = {"query": "{ viewer { scopes } traces(first: 1) { nodes { id } } }"}
    answer = client.post("/graphql", json=query)
    del client.headers["authorization"]
    stranger = client.post("/graphql", json=query)

    assert stranger.status_code == 401
    assert answer.json()["data"] == {"viewer": {"scopes": ["ADMIN", "INGEST", "READ"]}, "traces": {"nodes": []}}


def test_a_trace_goes_through_all_floors(client: httpx.Client) -> None:
    """A trace that is recorded by a mutation is found by a query."""
    create = 'mutation { createTrace(input: {name: "run", metadata: {a: [1, 2.5]}}) { trace { id } } }'
    find = "query($id: ID!) { trace(id: $id) { name metadata status steps { nodes { id } } } }"
    created = client.post("/graphql", json={"query": create}).json()
    trace_id = created["data"]["createTrace"]["trace"]["id"]
    found = client.post("/graphql", json={"query": find, "variables": {"id": trace_id}}).json()

    assert found["data"]["trace"]["name"] == "run"
    assert found["data"]["trace"]["metadata"] == {"a": [1, 2.5]}


def test_a_stream_is_resumed_by_the_id_of_its_last_event(client: httpx.Client) -> None:
    """Who comes back with `Last-Event-ID` gets what happened since, from the first event that they missed."""
    project_id = record(client, "first")
    with follow(client, cursor.encode(project_id, 0)) as live:
        identity, seen = next_event(live.iter_lines())
        record(client, "second")
        record(client, "third")
    with follow(client, identity) as resumed:
        lines = resumed.iter_lines()
        missed = [next_event(lines)[1] for _ in range(2)]

    assert [name_in(data) for data in (seen, *missed)] == ["first", "second", "third"]


def follow(client: httpx.Client, after: str) -> AbstractContextManager[httpx.Response]:
    query = "subscription { events { ... on TraceStarted { trace { name } } } }"
    return client.stream(
        "POST", "/graphql", json={"query": query}, headers={"accept": "text/event-stream", "last-event-id": after}
    )


def record(client: httpx.Client, name: str) -> str:
    """Record a trace; returns the id of its project."""
    query = "mutation($name: String!) { createTrace(input: {name: $name}) { trace { project { id } } } }"
    answer = client.post("/graphql", json={"query": query, "variables": {"name": name}}).json()
    return str(answer["data"]["createTrace"]["trace"]["project"]["id"])


def next_event(lines: Iterator[str]) -> tuple[str, str]:
    """The id and the data of the next event."""
    event: dict[str, str] = {}
    for line in lines:
        if not line and "data" in event:
            return event["id"], event["data"]
        name, _, value = line.partition(": ")
        event[name] = value
    raise EOFError


def name_in(data: str) -> str:
    return str(json.loads(data)["data"]["events"]["trace"]["name"])
