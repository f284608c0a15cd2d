"""The HTTP door speaks GraphQL over HTTP: media types, methods, statuses, and bodies of GraphQL's shape."""

import asyncio
import json
from collections.abc import AsyncIterator, MutableMapping
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from server.graphql import GraphQLDoor
from tests.fakes.admission import KEY, FakeAdmission
from tests.server.asking import GRAPHQL, JSON, MAX_BODY, URL, ask, code


async def test_post_answers_a_query(client: httpx.AsyncClient) -> None:
    """A query is answered with its variables applied, by the operation that is named."""
    query = "query A($n: String) { hello(name: $n) } query B { b: hello }"
    response = await ask(client, query, operationName="A", variables={"n": "you"}, extensions={"x": 1})

    assert response.status_code == 200
    assert response.headers["content-type"] == f"{GRAPHQL}; charset=utf-8"
    assert response.json() == {"data": {"hello": "Hello you"}}


async def test_post_runs_a_mutation(client: httpx.AsyncClient) -> None:
    """A mutation comes by POST."""
    response = await ask(client, 'mutation { rename(name: "x") }')

    assert response.json() == {"data": {"rename": "x"}}


async def test_get_answers_a_query(client: httpx.AsyncClient) -> None:
    """A query may come in the query string, its variables as JSON."""
    query = "query A($n: String) { hello(name: $n) }"
    parameters = {"query": query, "variables": '{"n": "ü+&"}', "operationName": "A", "extensions": ""}
    response = await client.get(URL, params=parameters)

    assert response.json() == {"data": {"hello": "Hello ü+&"}}


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (None, JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        ("application/json", JSON),
        ("application/json, text/plain, */*", JSON),
        ("APPLICATION/JSON; charset=UTF-8", JSON),
        ("text/html, application/json;q=0.9", JSON),
        (GRAPHQL, GRAPHQL),
        (f"{GRAPHQL}, application/json", GRAPHQL),
        (f"application/json, {GRAPHQL}", GRAPHQL),
        (f"{GRAPHQL};q=0.1, application/json", JSON),
        (f"{GRAPHQL};charset=utf-8, application/json;q=0.9", GRAPHQL),
        (f"{GRAPHQL};q=0, */*", JSON),
    ],
)
async def test_the_answer_has_the_media_type_that_is_liked_best(
    client: httpx.AsyncClient, accept: str | None, expected: str
) -> None:
    """The type of the answer follows Accept; who does not care gets plain JSON."""
    request = client.build_request("POST", URL, json={"query": "{ hello }"})
    del request.headers["accept"]
    if accept is not None:
        request.headers["accept"] = accept
    response = await client.send(request)

    assert response.status_code == 200
    assert response.headers["content-type"] == f"{expected}; charset=utf-8"


@pytest.mark.parametrize("accept", ["text/html", "application/json; charset=latin-1", "*/*;q=0", "nonsense", ";;,"])
async def test_what_we_can_not_make_is_not_acceptable(client: httpx.AsyncClient, accept: str) -> None:
    """Who accepts nothing of ours is told so."""
    response = await ask(client, "{ hello }", accept)

    assert response.status_code == 406
    assert code(response) == "BAD_REQUEST"


@pytest.mark.parametrize(
    ("query", "variables", "expected"),
    [
        ("{", None, "GRAPHQL_PARSE_FAILED"),
        ("{ nothing }", None, "GRAPHQL_VALIDATION_FAILED"),
        ("query($n: String!) { hello(name: $n) }", None, "INVALID"),
        ("query($n: String!) { hello(name: $n) }", {"n": [1]}, "INVALID"),
        ("{ " + "a: hello " * 51 + "}", None, "REFUSED"),
    ],
)
async def test_an_operation_that_can_not_run_is_an_error_by_media_type(
    client: httpx.AsyncClient, query: str, variables: object, expected: str
) -> None:
    """What can't be run is 400 for clients of the newer type, and 200 for those of plain JSON."""
    modern = await ask(client, query, variables=variables)
    plain = await ask(client, query, JSON, variables=variables)

    assert (modern.status_code, code(modern)) == (400, expected)
    assert (plain.status_code, code(plain)) == (200, expected)
    assert "data" not in modern.json()


@pytest.mark.parametrize("accept", [GRAPHQL, JSON])
async def test_partial_success_is_success(client: httpx.AsyncClient, accept: str) -> None:
    """Data with errors beside it is 200."""
    response = await ask(client, "{ hello bug }", accept)

    assert response.status_code == 200
    assert response.json()["data"] == {"hello": "Hello world", "bug": None}


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"])
async def test_other_methods_are_not_allowed(client: httpx.AsyncClient, method: str) -> None:
    """A method that we don't have is refused with those that we have."""
    response = await client.request(method, URL, json={"query": "{ hello }"})

    assert response.status_code == 405
    assert response.headers["allow"] == "GET, POST, QUERY"


async def test_a_mutation_can_not_be_had_by_get(client: httpx.AsyncClient) -> None:
    """GET is safe: a mutation needs POST, and the refusal says so."""
    response = await client.get(URL, params={"query": 'mutation { rename(name: "x") }'})

    assert response.status_code == 405
    assert response.headers["allow"] == "POST"


async def test_a_subscription_needs_a_stream(client: httpx.AsyncClient) -> None:
    """A subscription that is sent like a query is refused with what to do instead."""
    response = await ask(client, "subscription { count(to: 2) }", JSON)

    assert response.status_code == 406
    assert "graphql-transport-ws" in response.json()["errors"][0]["message"]


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "",
        "text/plain",
        "application/graphql",
        "application/jsonp",
        "xapplication/json",
        "application/json; charset=latin-1",
    ],
)
async def test_a_body_of_another_type_is_refused(client: httpx.AsyncClient, content_type: str | None) -> None:
    """Only JSON in UTF-8 is read, and the type is parsed, not searched."""
    headers = {} if content_type is None else {"content-type": content_type}
    response = await client.post(URL, content=b'{"query": "{ hello }"}', headers=headers)

    assert response.status_code == 415


@pytest.mark.parametrize("content_type", ["application/json; charset=utf-8", 'Application/JSON;charset="UTF-8"'])
async def test_json_by_any_spelling_is_read(client: httpx.AsyncClient, content_type: str) -> None:
    """Media types are not sensitive to case, and parameters may be quoted."""
    response = await client.post(URL, content=b'{"query": "{ hello }"}', headers={"content-type": content_type})

    assert response.status_code == 200


async def test_a_compressed_body_is_refused(client: httpx.AsyncClient) -> None:
    """A body that we would not understand is refused before it is read."""
    headers = {"content-type": JSON, "content-encoding": "gzip"}
    response = await client.post(URL, content=b"\x1f\x8b", headers=headers)

    assert response.status_code == 415


@pytest.mark.parametrize("accept", [GRAPHQL, JSON])
@pytest.mark.parametrize(
    "body",
    [
        *(b"", b" ", b"null", b'"x"', b"1", b"true", b"[]", b"{}", b"{", b"[" * 1_500, b'{"query":' * 200),
        *(b"\xff\xfe", b'{"query": "\xff"}', b'{"query": "\\ud800"}', b"\xef\xbb\xbf{}", b'{"query": "{ hello }"} x'),
        *(b'{"query": NaN}', b'{"query": "{ hello }", "variables": {"a": NaN}}', b'{"query": Infinity}'),
        *(b'{"query": "{ hello }", "variables": {"a": ' + b"9" * 1_900 + b"}}", b'{"query": 1e999}', b"{'query': 1}"),
        *(
            b'{"query": null}',
            b'{"query": 1}',
            b'{"query": ["{ hello }"]}',
            b'{"query": {}}',
            b'{"Query": "{ hello }"}',
        ),
        *(b'{"query": "{ hello }", "variables": %s}' % value for value in (b"1", b'"{}"', b"[]", b"true")),
        *(b'{"query": "{ hello }", "extensions": %s}' % value for value in (b"1", b'"{}"', b"[]", b"false")),
        *(b'{"query": "{ hello }", "operationName": %s}' % value for value in (b"1", b"{}", b"[]", b"true")),
        *(b'[{"query": "{ hello }"}]', b'{"query": "{ hello }",}', b'{"query" "{ hello }"}', b"query={hello}"),
        *(b'{"query": "{ hello }", "operationName": "other"}', b'{"query": "query A { hello } query B { hello }"}'),
    ],
)
async def test_a_malformed_body_is_a_bad_request(client: httpx.AsyncClient, body: bytes, accept: str) -> None:
    """A body that is no request is 400 with an error that says what is wrong, never a failure of ours."""
    response = await client.post(URL, content=body, headers={"content-type": JSON, "accept": accept})

    assert response.status_code == 400
    assert code(response) == "BAD_REQUEST"
    assert response.headers["content-type"] == f"{accept}; charset=utf-8"


@pytest.mark.parametrize(
    "query_string",
    [
        *("", "query", "query=", "q={hello}", "variables={}", "query=%ff", "query={hello}&variables=x"),
        *("query={hello}&variables=[]", "query={hello}&variables=1", "query={hello}&extensions=NaN"),
        *("&".join(f"a{number}=1" for number in range(100)), "query={hello}&operationName=x"),
    ],
)
async def test_a_malformed_query_string_is_refused(client: httpx.AsyncClient, query_string: str) -> None:
    """A query string that is no request is a mistake of the client."""
    response = await client.get(f"{URL}?{quote(query_string, safe='&=%')}")

    assert response.status_code == 400
    assert response.json()["errors"][0]["message"]


@pytest.mark.parametrize("is_declared", [True, False])
async def test_a_body_that_is_too_large_is_refused(client: httpx.AsyncClient, is_declared: bool) -> None:
    """A large body is refused by its declared length, and one without a length as soon as it is too long."""

    async def chunks() -> AsyncIterator[bytes]:
        while True:
            yield b" " * 100

    content: Any = b" " * (MAX_BODY + 1) if is_declared else chunks()
    response = await client.post(URL, content=content, headers={"content-type": JSON})

    assert response.status_code == 413
    assert response.headers["connection"] == "close"


async def test_a_body_that_is_too_slow_is_refused(client: httpx.AsyncClient) -> None:
    """A body that does not arrive is not waited for."""

    async def chunks() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.Event().wait()

    response = await client.post(URL, content=chunks(), headers={"content-type": JSON})

    assert response.status_code == 408


@pytest.mark.parametrize(
    ("authorization", "status", "expected", "header"),
    [
        (None, 401, "UNAUTHENTICATED", ("www-authenticate", 'Bearer realm="tracegraph"')),
        ("Bearer tg_wrong", 401, "UNAUTHENTICATED", ("www-authenticate", 'Bearer realm="tracegraph"')),
        ("Bearer tg_refused", 403, "FORBIDDEN", None),
        ("Bearer tg_down", 503, "OVERLOADED", ("retry-after", "2")),
        ("Bearer tg_busy", 429, "OVERLOADED", ("retry-after", "2")),
        ("Bearer tg_bug", 500, "INTERNAL", None),
    ],
)
@pytest.mark.parametrize("accept", [GRAPHQL, JSON])
async def test_who_is_not_let_in_is_told_why(
    client: httpx.AsyncClient,
    authorization: str | None,
    status: int,
    expected: str,
    header: tuple[str, str] | None,
    accept: str,
) -> None:
    """Who is not admitted gets the status of the fault and a body of GraphQL's shape, whatever they accept."""
    request = client.build_request("POST", URL, json={"query": "{ hello }"}, headers={"accept": accept})
    del request.headers["authorization"]
    if authorization is not None:
        request.headers["authorization"] = authorization
    response = await client.send(request)

    assert (response.status_code, code(response)) == (status, expected)
    assert header is None or response.headers[header[0]] == header[1]
    assert "secret" not in response.text
    assert "data" not in response.json()


async def test_the_project_comes_in_a_header(client: httpx.AsyncClient) -> None:
    """A request works in the project that it names; one that is not there is told apart from one that fails."""
    found = await client.post(URL, json={"query": "{ project }"}, headers={"X-Tracegraph-Project": "mine"})
    absent = await client.post(URL, json={"query": "{ project }"}, headers={"X-Tracegraph-Project": "absent"})

    assert found.json() == {"data": {"project": "mine"}}
    assert (absent.status_code, code(absent)) == (404, "NOT_FOUND")
    assert absent.json()["errors"][0]["extensions"]["path"] == ["project"]


@pytest.mark.parametrize("accept", [GRAPHQL, JSON])
@pytest.mark.parametrize("query", ["{ unavailable }", "{ wait }", "mutation { write }"])
async def test_what_is_unavailable_is_asked_again_later(client: httpx.AsyncClient, query: str, accept: str) -> None:
    """When nothing could be answered in time, the reply is 503 and says when to come back."""
    response = await ask(client, query, accept)

    assert (response.status_code, code(response)) == (503, "OVERLOADED")
    assert int(response.headers["retry-after"]) >= 1


async def exchange(door: GraphQLDoor, query: str, leave: asyncio.Event) -> list[MutableMapping[str, Any]]:
    """Send one request and then leave when told; returns what was sent back."""
    incoming = [{"type": "http.request", "body": json.dumps({"query": query}).encode()}]
    sent: list[MutableMapping[str, Any]] = []

    async def receive() -> MutableMapping[str, Any]:
        if incoming:
            return incoming.pop()
        await leave.wait()
        return {"type": "http.disconnect"}

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    headers = [(b"authorization", KEY.encode()), (b"content-type", b"application/json")]
    await door({"type": "http", "method": "POST", "headers": headers, "query_string": b""}, receive, send)
    return sent


async def test_a_client_that_leaves_cancels_its_query(door: GraphQLDoor, admission: FakeAdmission) -> None:
    """Nobody works for a client that has left."""
    leave = asyncio.Event()
    leave.set()
    sent = await exchange(door, "{ wait }", leave)

    assert sent == []
    assert admission.moments.cancelled.is_set()


async def test_a_client_that_leaves_does_not_cancel_its_mutation(door: GraphQLDoor, admission: FakeAdmission) -> None:
    """What was begun to be written is finished."""
    leave = asyncio.Event()
    leave.set()
    task = asyncio.create_task(exchange(door, "mutation { write }", leave))
    await admission.moments.started.wait()
    admission.moments.go.set()
    sent = await task

    assert sent[1]["body"] == b'{"data":{"write":"went"}}'


async def test_a_query_that_is_watched_still_ends(door: GraphQLDoor, admission: FakeAdmission) -> None:
    """Watching for a client's departure leaves nothing behind."""
    task = asyncio.create_task(exchange(door, "{ wait }", asyncio.Event()))
    await admission.moments.started.wait()
    asyncio.get_running_loop().call_later(0.1, admission.moments.go.set)
    sent = await task

    assert sent[1]["body"] == b'{"data":{"wait":"went"}}'
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_who_is_cancelled_stays_cancelled(door: GraphQLDoor, admission: FakeAdmission) -> None:
    """A cancellation from elsewhere is not taken for a departure."""
    task = asyncio.create_task(exchange(door, "{ wait }", asyncio.Event()))
    await admission.moments.started.wait()
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
