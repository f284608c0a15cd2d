"""The door for server-sent events: one operation a connection, its answers as events that can be resumed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
import pytest_asyncio
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from operations.answers import Answer
from operations.engine import engine
from server.drain import Drain
from server.graphql import GraphQLDoor
from server.sse import EventStreams, framed
from tests.fakes.admission import KEY, FakeAdmission
from tests.fakes.contract import graphql_schema
from tests.server.listening import listening
from tests.waiting import eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")

HEADERS = {"authorization": KEY, "accept": "text/event-stream"}


def door(
    admission: FakeAdmission, drain: Drain | None = None, *, ping_seconds: float = 5.0, send_seconds: float = 5.0
) -> GraphQLDoor:
    fake = engine(graphql_schema(), fresh=lambda context: replace(context, event=context.event + 1))
    streams = EventStreams(engine=fake, drain=drain or Drain(1.0), ping_seconds=ping_seconds, send_seconds=send_seconds)
    return GraphQLDoor(engine=fake, admit=admission, streams=streams, max_body_bytes=10_000, body_seconds=5.0)


@pytest.fixture
def admission() -> FakeAdmission:
    return FakeAdmission()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def client() -> AsyncIterator[httpx.AsyncClient]:
    """A client of a door that the tests of this module share."""
    async with (
        listening(door(FakeAdmission())) as address,
        httpx.AsyncClient(base_url=f"http://{address}", headers=HEADERS, trust_env=False) as client,
    ):
        yield client


def events(text: str) -> list[dict[str, str]]:
    """The events of a whole stream, without comments."""
    blocks = [block.splitlines() for block in text.split("\n\n") if block and not block.startswith(":")]
    return [{name: value.lstrip() for name, _, value in (line.partition(":") for line in block)} for block in blocks]


async def ask(client: httpx.AsyncClient, query: str, **headers: str) -> httpx.Response:
    return await client.post("/graphql", json={"query": query}, headers=headers)


def told(response: httpx.Response) -> list[Any]:
    """What came as `next`, for a stream that ends with `complete`."""
    *answers, last = events(response.text)
    assert last == {"event": "complete", "data": ""}
    assert {answer["event"] for answer in answers} <= {"next"}
    return [json.loads(answer["data"]) for answer in answers]


async def test_a_subscription_is_a_stream_of_events(client: httpx.AsyncClient) -> None:
    """Each answer comes as `next`, and `complete` after the last."""
    response = await ask(client, "subscription { count(to: 2) }")

    assert response.status_code == 200
    assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert response.headers["cache-control"] == "no-store"
    assert told(response) == [{"data": {"count": 1}}, {"data": {"count": 2}}]


async def test_a_stream_may_be_had_by_get(client: httpx.AsyncClient) -> None:
    """An EventSource can only GET."""
    response = await client.get("/graphql?" + urlencode({"query": "subscription { count(to: 1) }"}))

    assert told(response) == [{"data": {"count": 1}}]


@pytest.mark.parametrize("query", ["{ hello }", 'mutation { rename(name: "Hello world") }'])
async def test_queries_and_mutations_are_answered_too(client: httpx.AsyncClient, query: str) -> None:
    """Who accepts only events gets any answer as one."""
    [answer] = told(await ask(client, query))

    assert list(answer["data"].values()) == ["Hello world"]


@pytest.mark.parametrize(
    ("query", "content_type"),
    [
        ("{ hello }", "application/graphql-response+json; charset=utf-8"),
        ("{ nothing }", "application/graphql-response+json; charset=utf-8"),
        ("subscription { count(to: 1) }", "text/event-stream; charset=utf-8"),
    ],
)
async def test_who_accepts_both_gets_what_the_operation_needs(
    client: httpx.AsyncClient, query: str, content_type: str
) -> None:
    """Clients that accept everything get a plain reply to a query, and a stream for a subscription."""
    accept = "application/graphql-response+json, application/json, text/event-stream, multipart/mixed"
    response = await ask(client, query, accept=accept)

    assert response.headers["content-type"] == content_type


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("{", "GRAPHQL_PARSE_FAILED"),
        ("{ nothing }", "GRAPHQL_VALIDATION_FAILED"),
        ("subscription { refuses }", "INVALID"),
        ("query($n: String!) { hello(name: $n) }", "INVALID"),
    ],
)
async def test_an_operation_that_can_not_run_is_told_in_the_stream(
    client: httpx.AsyncClient, query: str, code: str
) -> None:
    """An EventSource sees no bodies of refusals, so mistakes of the document come as `next`."""
    [answer] = told(await ask(client, query))

    assert answer["errors"][0]["extensions"]["code"] == code
    assert "data" not in answer


async def test_a_subscription_that_breaks_tells_why(client: httpx.AsyncClient) -> None:
    """What ends a subscription is its last event."""
    first, last = told(await ask(client, "subscription { ends }"))

    assert first == {"data": {"ends": 1}}
    assert last["errors"][0]["extensions"]["code"] == "INVALID"


async def test_who_is_not_let_in_gets_a_status(client: httpx.AsyncClient) -> None:
    """What HTTP refuses, HTTP tells."""
    stranger = await ask(client, "{ hello }", authorization="Bearer tg_wrong")
    malformed = await client.post("/graphql", content=b"null", headers={"content-type": "application/json"})
    mutation = await client.get("/graphql?" + urlencode({"query": "mutation { write }"}))

    assert [stranger.status_code, malformed.status_code, mutation.status_code] == [401, 400, 405]


async def test_answers_carry_where_to_resume(client: httpx.AsyncClient) -> None:
    """The id of an event is its cursor, and `Last-Event-ID` counts more than the document's `after`."""
    first = events((await ask(client, "subscription { resumable { number } }")).text)
    second = events((await ask(client, "subscription { resumable { number } }", **{"last-event-id": "2"})).text)

    assert [event.get("id") for event in first] == ["1", "2", "3", None]
    assert [event.get("id") for event in second] == ["3", None]


async def test_an_event_source_resumes(client: httpx.AsyncClient) -> None:
    """What a browser does by itself when it reconnects: the same GET again, with the id of the last event."""
    address = "/graphql?" + urlencode({"query": 'subscription { resumable(after: "1") { number } }'})
    asked = [await client.get(address, headers=headers) for headers in ({}, {"last-event-id": ""})]
    resumed = await client.get(address, headers={"last-event-id": "2"})

    assert [told(response) for response in asked] == [[number(2), number(3)]] * 2
    assert told(resumed) == [number(3)]


def number(value: int) -> dict[str, Any]:
    return {"data": {"resumable": {"number": value}}}


@pytest.mark.parametrize("query", ["{ hello }", "subscription { count(to: 1) }"])
async def test_what_can_not_be_resumed_begins_anew(client: httpx.AsyncClient, query: str) -> None:
    """Where there is nothing to resume, the id of an event means nothing."""
    fresh, again = [told(await ask(client, query, **headers)) for headers in ({}, {"last-event-id": "2"})]

    assert fresh == again


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
async def test_reservations_are_not_taken(client: httpx.AsyncClient, method: str) -> None:
    """Only the mode of distinct connections is spoken; a client that wants the other one learns it at once."""
    response = await client.request(method, "/graphql")

    assert (response.status_code, response.headers["allow"]) == (405, "GET, POST, QUERY")


async def test_a_frame_is_one_line_of_data() -> None:
    """Stored JSON may have breaks between its tokens; a frame has none."""
    answer = Answer(body=b'{"data":{"json":{\n "a":\r\n1}}}', has_data=True, cursor="c")
    lines = framed(answer).decode().split("\n")

    assert lines[:2] == ["id: c", "event: next"]
    assert json.loads(lines[2].removeprefix("data: ")) == {"data": {"json": {"a": 1}}}
    assert lines[3:] == ["", ""]


async def test_a_quiet_stream_shows_that_it_lives(admission: FakeAdmission) -> None:
    """While nothing happens comments come, for proxies and for us to notice who has left."""
    async with (
        listening(door(admission, ping_seconds=0.05)) as address,
        httpx.AsyncClient(base_url=f"http://{address}", headers=HEADERS, trust_env=False) as client,
        client.stream("POST", "/graphql", json={"query": "subscription { forever }"}) as response,
    ):
        lines = aiter(response.aiter_lines())
        async with asyncio.timeout(5):
            seen = [await anext(lines) for _ in range(6)]

    assert seen.count(":") >= 1


async def test_leaving_ends_what_runs(admission: FakeAdmission) -> None:
    """A client that leaves takes its subscription with it."""
    async with (
        listening(door(admission)) as address,
        httpx.AsyncClient(base_url=f"http://{address}", headers=HEADERS, trust_env=False) as client,
        client.stream("POST", "/graphql", json={"query": "subscription { forever }"}),
    ):
        await admission.moments.started.wait()
    async with asyncio.timeout(5):
        await admission.moments.cancelled.wait()

    assert admission.moments.log == ["closed"]


def posted(query: str) -> bytes:
    """A request for a stream, as it goes over the wire."""
    body = json.dumps({"query": query})
    return (
        f"POST /graphql HTTP/1.1\r\nhost: x\r\nauthorization: {KEY}\r\naccept: text/event-stream\r\n"
        f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n{body}"
    ).encode()


async def test_a_client_that_does_not_read_is_cut_off(admission: FakeAdmission) -> None:
    """What is sent to a stalled client waits for a bounded time; then its subscription and its connection end."""
    async with listening(door(admission, send_seconds=0.2)) as address:
        reader, writer = await asyncio.open_connection(*address.split(":"), limit=1)
        writer.write(posted("subscription { forever(size: 1000000) }"))
        async with asyncio.timeout(5):
            await admission.moments.cancelled.wait()
            received = await drained(reader)
        writer.close()
        with suppress(ConnectionResetError):
            await writer.wait_closed()

    assert not received.endswith(b"0\r\n\r\n")
    assert admission.moments.log == ["closed"]


class Overseen:
    """A door, and for how long it has been waiting to get something sent."""

    def __init__(self, application: ASGIApp) -> None:
        self._application = application
        self._sending_since: float | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def overseen(message: Message) -> None:
            self._sending_since = asyncio.get_running_loop().time()
            await send(message)
            self._sending_since = None

        await self._application(scope, receive, overseen)

    async def is_stuck(self) -> bool:
        since = self._sending_since
        return since is not None and asyncio.get_running_loop().time() - since > 0.2


async def test_a_stalled_client_that_disappears_leaves_nothing(admission: FakeAdmission) -> None:
    """A client goes away while we wait for it to read: what runs for it ends then, and not when its time is over."""
    overseen = Overseen(door(admission, send_seconds=600))
    async with listening(overseen) as address:
        before = asyncio.all_tasks()
        _, writer = await asyncio.open_connection(*address.split(":"), limit=1)
        writer.write(posted("subscription { forever(size: 1000000) }"))
        await eventually(overseen.is_stuck)
        writer.transport.abort()
        async with asyncio.timeout(5):
            await admission.moments.cancelled.wait()
            while left := asyncio.all_tasks() - before:
                await asyncio.wait(left)

    assert admission.moments.log == ["closed"]


async def test_a_key_that_is_revoked_ends_its_stream(admission: FakeAdmission) -> None:
    """The key is looked at again and again; who is no longer welcome is told so, and does not come back."""
    async with (
        listening(door(admission, ping_seconds=0.1)) as address,
        httpx.AsyncClient(base_url=f"http://{address}", headers=HEADERS, trust_env=False) as client,
        client.stream("POST", "/graphql", json={"query": "subscription { forever }"}) as response,
    ):
        await admission.moments.started.wait()
        admission.revoked = True
        text = (await response.aread()).decode()

    assert "UNAUTHENTICATED" in text
    assert text.endswith("event: complete\ndata:\n\n")
    assert admission.moments.log == ["closed"]


async def drained(reader: asyncio.StreamReader) -> bytes:
    """What is left to read of a connection that is gone."""
    last = b""
    with suppress(ConnectionResetError):
        while received := await reader.read(2**20):
            last = received
    return last


async def test_draining_ends_streams(admission: FakeAdmission) -> None:
    """A server that stops ends its streams without `complete`, so that their clients come again."""
    drain = Drain(1.0)
    async with (
        listening(door(admission, drain)) as address,
        httpx.AsyncClient(base_url=f"http://{address}", headers=HEADERS, trust_env=False) as client,
        client.stream("POST", "/graphql", json={"query": "subscription { forever }"}) as response,
    ):
        await admission.moments.started.wait()
        draining = asyncio.create_task(drain.run())
        text = (await response.aread()).decode()
        await draining

    assert "complete" not in text
    assert drain.sockets == 0
