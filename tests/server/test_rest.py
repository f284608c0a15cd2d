"""The six operations over real sockets, asked by a plain HTTP client, and the description that tools read."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import orjson
import pytest
from graphql import OperationDefinitionNode, parse
from openapi_spec_validator import validate

from auth.keys import create_key
from auth.projects import create_project
from auth.viewer import INGEST, READ
from models.database import open_database
from models.ids import new_id
from schema.contract import contract
from server.rest_description import description
from server.rest_operations import OPERATIONS, PARAMETERS
from tests.export.stored import lines_of
from tests.house.sources import ROOT
from tests.servers import Server

PAGE = ROOT / "docs" / "reference" / "rest.md"
WINDOW = {"from": "2026-10-05T00:00:00Z", "to": "2026-10-06T00:00:00Z"}
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"
EXAMPLE = re.compile(
    r"```http\n(?P<method>\w+) (?P<path>\S+)\n(?:content-type: (?P<type>\S+)\n\n(?P<body>.*?)\n)?```", re.DOTALL
)


@dataclass(frozen=True, kw_only=True)
class House:
    """A server, and clients with keys of two projects."""

    server: Server
    ours: httpx.Client
    theirs: httpx.Client
    writer: httpx.Client


@pytest.fixture(scope="module")
def house(shared_server: Server) -> Iterator[House]:
    ours, theirs, writer = (
        httpx.Client(
            base_url=shared_server.url, headers={"authorization": f"Bearer {key}"}, trust_env=False, timeout=30.0
        )
        for key in asyncio.run(keys(shared_server.database_url))
    )
    with ours, theirs, writer:
        yield House(server=shared_server, ours=ours, theirs=theirs, writer=writer)


async def keys(database_url: str) -> list[str]:
    """A key for each of two projects that does everything, and one that may only write."""
    async with open_database(database_url, connections=2) as database:
        projects = [(await create_project(database, name))["id"] for name in ("ours", "theirs")]
        wanted = [(projects[0], {INGEST, READ}), (projects[1], {INGEST, READ}), (projects[0], {INGEST})]
        made = [await create_key(database, project_id=each, name="test", scopes=scopes) for each, scopes in wanted]
    return [secret for _, secret in made]


def trace(client: httpx.Client, **fields: Any) -> dict[str, Any]:
    response = client.post("/api/traces", json={"name": "run", **fields})
    assert response.status_code == 201, response.text
    told: dict[str, Any] = response.json()
    return told


def test_a_trace_is_recorded_and_read(house: House) -> None:
    """A trace and its steps come back as they were sent, to the last byte of their JSON."""
    sent = b'{"name": "answer", "tags": ["b", "a"], "input": {"n":  1.50, "big": 12345678901234567890}}'
    created = house.ours.post("/api/traces", content=sent, headers={"content-type": "application/json"})
    identity = created.json()["id"]
    step = house.ours.post(f"/api/traces/{identity}/steps", json={"name": "call", "kind": "LLM", "model": "gpt-4o"})
    found = house.ours.get(f"/api/traces/{identity}")

    assert (created.status_code, step.status_code, found.status_code) == (201, 201, 200)
    assert b'{"n":  1.50, "big": 12345678901234567890}' in found.content
    assert found.json()["tags"] == ["a", "b"]
    assert [(each["name"], each["kind"]) for each in found.json()["steps"]["nodes"]] == [("call", "LLM")]
    assert step.json()["trace"] == {"id": identity}


def test_a_search_finds_by_parameters_and_by_filter(house: House) -> None:
    """Plain parameters and a filter as JSON narrow each other; pages go on at their cursor."""
    user = new_id()
    for number in range(3):
        trace(house.ours, userId=user, name=f"search {number}", environment="test", tags=["x", str(number)])
    trace(house.ours, userId=user, name="elsewhere")
    chosen = {"userId": user, "environment": "test", "orderBy": "START_TIME", "direction": "ASC"}
    first = house.ours.get("/api/traces/search", params={**chosen, "first": 2}).json()
    after = first["pageInfo"]["endCursor"]
    second = house.ours.get("/api/traces/search", params={**chosen, "first": 2, "after": after}).json()
    both: list[tuple[str, str | int | float | bool | None]] = [("tags", "x"), ("tags", "1"), ("userId", user)]
    by_filter = {"userId": user, "filter": '{"name": {"in": ["search 1", "elsewhere"]}}', "q": "SEARCH"}

    assert [node["name"] for node in first["nodes"] + second["nodes"]] == ["search 0", "search 1", "search 2"]
    assert second["pageInfo"]["hasNextPage"] is False
    assert [node["name"] for node in house.ours.get("/api/traces/search", params=both).json()["nodes"]] == ["search 1"]
    found = house.ours.get("/api/traces/search", params=by_filter).json()
    assert [node["name"] for node in found["nodes"]] == ["search 1"]


def test_analytics_count_what_was_recorded(house: House) -> None:
    """The figures of a time are those of the steps that started in it."""
    identity = trace(house.ours, startTime="2026-10-05T10:00:00Z")["id"]
    for model in ("a", "a", "b"):
        body = {"name": "call", "model": model, "startTime": "2026-10-05T10:00:00Z", "cost": "0.5"}
        assert house.ours.post(f"/api/traces/{identity}/steps", json=body).status_code == 201
    told = house.ours.get("/api/traces/analytics", params={**WINDOW, "groupBy": "MODEL"}).json()

    assert (told["totals"]["stepCount"], told["totals"]["cost"]) == (3, "1.5")
    assert [(group["key"][0]["value"], group["metrics"]["stepCount"]) for group in told["groups"]] == [
        ("a", 2),
        ("b", 1),
    ]


def test_an_export_streams_what_was_chosen(house: House) -> None:
    """The same choice as of a search leaves as a file, which goes on after any of its rows."""
    user = new_id()
    for number in range(3):
        trace(house.ours, userId=user, name=str(number))
    chosen = {"userId": user, "fields": "name"}
    whole, end = lines_of(house.ours.get("/api/traces/export", params=chosen).content)
    first = orjson.loads(whole[0])
    after = f"{first['projectId']}:{first['id']}"
    rest, _ = lines_of(house.ours.get("/api/traces/export", params={**chosen, "after": after}).content)
    sheet = house.ours.get("/api/traces/export", params={**chosen, "format": "CSV", "limit": 1})

    assert (end["rows"], [orjson.loads(row)["name"] for row in whole]) == (3, ["0", "1", "2"])
    assert rest == whole[1:]
    assert sheet.headers["content-type"].startswith("text/csv")
    assert sheet.text.splitlines()[0] == "projectId,id,name"


@pytest.mark.parametrize(
    "path", ["/api/traces/{id}", "/api/traces/search?filter={filter}", "/api/traces/export?filter={filter}"]
)
def test_nothing_of_another_project_is_visible(house: House, path: str) -> None:
    """To a key of another project a foreign trace is as good as none, on each path that reads."""
    secret = trace(house.theirs, name="secret")["id"]
    answers = []
    for identity in (secret, new_id()):
        wanted = orjson.dumps({"id": {"eq": identity}}).decode()
        response = house.ours.get(path.format(id=identity, filter=wanted))
        answers.append((response.status_code, response.content))

    assert answers[0] == answers[1]
    assert b"secret" not in answers[0][1]


def test_a_foreign_project_is_as_good_as_none(house: House) -> None:
    """Neither the header nor a filter opens a project to a key of another one."""
    for project in ("theirs", "absent"):
        by_header = house.ours.get("/api/traces/search", headers={"x-tracegraph-project": project})
        choice = orjson.dumps({"project": {"eq": project}}).decode()
        by_filter = house.ours.get("/api/traces/analytics", params={"filter": choice, **WINDOW})
        by_body = house.ours.post("/api/traces", json={"name": "x", "project": project})

        assert (by_header.status_code, by_filter.status_code, by_body.status_code) == (404, 404, 400)


def test_a_foreign_trace_is_not_touched(house: House) -> None:
    """A step that names a foreign trace lands in the sender's own project."""
    secret = trace(house.theirs, name="secret")["id"]
    house.ours.post(f"/api/traces/{secret}/steps", json={"name": "intruder"})

    assert house.theirs.get(f"/api/traces/{secret}").json()["stepCount"] == 0


@pytest.mark.parametrize(
    ("method", "path", "status", "code", "words"),
    [
        ("GET", "/api/traces/search?frist=1", 400, "BAD_REQUEST", "There is no parameter 'frist' here"),
        ("GET", "/api/traces/search?first=x", 400, "INVALID", "first"),
        ("GET", "/api/traces/search?first=1&first=2", 400, "BAD_REQUEST", "2 times"),
        ("GET", "/api/traces/search?filter={", 400, "BAD_REQUEST", "no valid JSON"),
        ("GET", '/api/traces/search?filter={"nmae":{}}', 400, "INVALID", "nmae"),
        ("GET", "/api/traces/search?q=%00", 400, "INVALID", "NUL"),
        ("GET", "/api/traces/search?q=%ff", 400, "BAD_REQUEST", "encoded"),
        ("GET", "/api/traces/analytics?from=2026-10-05T00:00:00Z", 400, "BAD_REQUEST", "`to` is missing"),
        ("GET", "/api/traces/export?fields=salary", 422, "INVALID", "salary"),
        ("GET", "/api/traces/export?after=x", 400, "INVALID", "<projectId>:<id>"),
        ("GET", "/api/traces/no-id", 404, "NOT_FOUND", "no such trace"),
        ("DELETE", "/api/traces/search", 405, "BAD_REQUEST", "DELETE"),
        ("POST", "/api/traces", 415, "BAD_REQUEST", "application/json"),
    ],
)
def test_what_is_wrong_is_a_problem(house: House, method: str, path: str, status: int, code: str, words: str) -> None:
    """Each refusal has the shape of RFC 9457, with a code of ours and a sentence about what was sent."""
    response = house.ours.request(method, path)
    told = response.json()

    assert (response.status_code, told["status"], told["code"]) == (status, status, code)
    assert words in told["detail"]
    assert response.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("body", "status", "path"),
    [
        (b"{", 400, None),
        (b"[]", 400, None),
        (b'"x"', 400, None),
        (b"\xff", 400, None),
        (b'{"nam": "x"}', 400, []),
        (b'{"name": ""}', 422, ["input", "name"]),
        (b'{"name": "x", "id": "1"}', 400, None),
        (b'{"name": "x", "startTime": "1969-01-01T00:00:00Z"}', 422, ["input", "startTime"]),
        (b'{"name": "' + b"x" * 5_000_000 + b'"}', 413, None),
    ],
)
def test_a_bad_body_is_told_with_its_field(house: House, body: bytes, status: int, path: list[str] | None) -> None:
    """A body that can't be recorded is refused with the way to the field at fault."""
    response = house.ours.post("/api/traces", content=body, headers={"content-type": "application/json"})
    errors = response.json().get("errors")

    assert response.status_code == status
    assert (errors[0]["path"] if errors else None) == path


def test_keys_decide(house: House) -> None:
    """Who shows no key, or one that may not read, is told so."""
    stranger = httpx.get(f"{house.server.url}/api/traces/search", trust_env=False)

    assert (stranger.status_code, stranger.headers["www-authenticate"]) == (401, 'Bearer realm="tracegraph"')
    for path in ("/api/traces/search", "/api/traces/export", f"/api/traces/{new_id()}"):
        assert house.writer.get(path).status_code == 403, path


def test_the_description_is_valid_and_open(house: House) -> None:
    """Everybody may read the OpenAPI document; it is valid, and describes each of the six with its parameters."""
    told = httpx.get(f"{house.server.url}/api/openapi.json", trust_env=False).json()
    validate(told)
    described = {(method.upper(), path) for path, methods in told["paths"].items() for method in methods}

    assert told["openapi"] == "3.1.0"
    assert described == {(operation.method, operation.path) for operation in OPERATIONS}
    assert told == orjson.loads(orjson.dumps(description(contract._schema)))  # noqa: SLF001  Strawberry has no other way


def test_every_parameter_is_explained() -> None:
    """No parameter is without words, and no words are about a parameter that is not there."""
    named = {"limit"}
    for operation in OPERATIONS:
        (document,) = parse(operation.document).definitions
        assert isinstance(document, OperationDefinitionNode)
        named |= {each.variable.name.value for each in document.variable_definitions or ()} - {"input"}

    assert named == PARAMETERS.keys()


def test_no_request_makes_the_server_fail(house: House) -> None:
    """Schemathesis finds no request that ends with a 5xx, or with an answer that the description does not know."""
    command = [sys.executable, "-m", "schemathesis.cli", "run", f"{house.server.url}/api/openapi.json"]
    options = ["--checks", CHECKS, "--phases", "fuzzing", "--max-examples", "6", "--seed", "1"]
    finished = subprocess.run(
        [
            *command,
            *options,
            "--generation-database",
            "none",
            "-H",
            f"Authorization: {house.ours.headers['authorization']}",
        ],
        cwd=house.server.log.parent,
        env={**os.environ, "NO_PROXY": "127.0.0.1"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert finished.returncode == 0, finished.stdout[-6_000:] + finished.stderr[-2_000:]
    assert re.search(rf"Tested: +{len(OPERATIONS)}\b", finished.stdout), finished.stdout[-6_000:]


def examples() -> list[Mapping[str, str]]:
    return [found.groupdict() for found in EXAMPLE.finditer(PAGE.read_text())]


def test_the_examples_of_the_page_work(house: House) -> None:
    """Each request on the page is answered with success, in the order of the page; all six are among them."""
    seen: set[tuple[str, str]] = set()
    identity = ""
    for example in examples():
        path = example["path"].replace("{id}", identity)
        headers = {"content-type": example["type"]} if example["type"] else {}
        response = house.ours.request(example["method"], path, content=example["body"], headers=headers)
        assert response.is_success, (path, response.text)
        if example["path"] == "/api/traces":
            identity = response.json()["id"]
        seen.add((example["method"], example["path"].partition("?")[0]))

    assert seen == {(operation.method, operation.path) for operation in OPERATIONS}
