"""The WebSocket door speaks graphql-transport-ws: operations begin, answer and end as the protocol says."""

from __future__ import annotations

import asyncio
import hashlib
import json

import pytest
from websockets.asyncio.client import connect

from tests.fakes.admission import KEY, FakeAdmission
from tests.server.listening import SPOKEN, connected
from tests.server.sockets import INIT, acknowledged, door, heard, introduced, say, subscribe

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_subscription_from_its_start_to_its_end(address: str) -> None:
    """Each answer comes as `next` under the operation's id, and `complete` comes after the last."""
    async with acknowledged(address) as client:
        await subscribe(
            client, "subscription S($to: Int!) { count(to: $to) }", "a", variables={"to": 2}, operationName="S"
        )
        messages = [await heard(client) for _ in range(3)]

    assert messages == [
        {"id": "a", "type": "next", "payload": {"data": {"count": 1}}},
        {"id": "a", "type": "next", "payload": {"data": {"count": 2}}},
        {"id": "a", "type": "complete"},
    ]


@pytest.mark.parametrize(
    ("query", "data"),
    [("{ hello }", {"hello": "Hello world"}), ('mutation { rename(name: "x") }', {"rename": "x"})],
)
async def test_queries_and_mutations_are_answered_too(address: str, query: str, data: dict[str, str]) -> None:
    """A query or a mutation is one `next` and a `complete`."""
    async with acknowledged(address) as client:
        await subscribe(client, query)

        assert await heard(client) == {"id": "1", "type": "next", "payload": {"data": data}}
        assert await heard(client) == {"id": "1", "type": "complete"}


@pytest.mark.parametrize("name", ["operationName", "variables", "extensions"])
async def test_what_is_null_is_left_out(address: str, name: str) -> None:
    """Whatever is optional in a subscribe message may be null as well."""
    async with acknowledged(address) as client:
        await say(client, {"id": "1", "type": "subscribe", "payload": {"query": "{ hello }", name: None}})

        assert (await heard(client))["payload"] == {"data": {"hello": "Hello world"}}


async def test_what_the_protocol_does_not_name_is_passed_over(address: str) -> None:
    """Members of a message that we do not know are left to those who do."""
    async with acknowledged(address) as client:
        await say(client, {"id": "1", "type": "subscribe", "x": [1], "payload": {"query": "{ hello }", "y": {}}})

        assert (await heard(client))["type"] == "next"


async def test_a_message_may_come_in_pieces(address: str) -> None:
    """A message in several frames of the WebSocket protocol is one."""
    async with acknowledged(address) as client:
        await client.send(['{"id":"1","type":"sub', 'scribe","payload":{"query":"{ he', 'llo }"}}'])

        assert (await heard(client))["payload"] == {"data": {"hello": "Hello world"}}


async def test_messages_are_not_compressed(address: str) -> None:
    """A client that offers compression is not taken up on it: it costs more than it saves."""
    async with connect(f"ws://{address}/graphql", subprotocols=[SPOKEN], compression="deflate", proxy=None) as client:
        assert client.response is not None
        assert "sec-websocket-extensions" not in client.response.headers


async def test_operations_of_a_socket_run_side_by_side(address: str) -> None:
    """An operation that waits keeps no other one waiting, and an id is one socket's own."""
    async with acknowledged(address) as client, acknowledged(address) as other:
        for each in (client, other):
            await subscribe(each, "{ wait }", "a")
            await subscribe(each, "subscription { count(to: 2) }", "b")
        told = [[(await heard(each)).get("id") for _ in range(3)] for each in (client, other)]

    assert told == [["b"] * 3] * 2


async def test_an_id_comes_back_as_it_was_sent(address: str) -> None:
    """Any text may be an id, whatever has to be escaped in it."""
    identity = 'quote " backslash \\ newline \n ü \u2028 😀'
    async with acknowledged(address) as client:
        await subscribe(client, "{ hello }", identity)

        assert (await heard(client))["id"] == identity


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("{", "GRAPHQL_PARSE_FAILED"),
        ("{ nothing }", "GRAPHQL_VALIDATION_FAILED"),
        ("{ " + "a: hello " * 51 + "}", "REFUSED"),
        ("query A { hello } query B { hello }", "BAD_REQUEST"),
        ("query($n: String!) { hello(name: $n) }", "INVALID"),
        ("subscription($to: Int!) { count(to: $to) }", "INVALID"),
        ("subscription { refuses }", "INVALID"),
        ("subscription { nothing }", "GRAPHQL_VALIDATION_FAILED"),
        ("subscription { a: count(to: 1) b: count(to: 1) }", "GRAPHQL_VALIDATION_FAILED"),
    ],
)
async def test_an_operation_that_can_not_run_ends_with_an_error(address: str, query: str, code: str) -> None:
    """A bad document is an `error` message; the socket lives on, and the id is free."""
    async with acknowledged(address) as client:
        await subscribe(client, query)
        message = await heard(client)
        await subscribe(client, "{ hello }")
        following = await heard(client)

    assert (message["id"], message["type"]) == ("1", "error")
    assert message["payload"][0]["extensions"]["code"] == code
    assert following["type"] == "next"


async def test_a_subscription_that_breaks_ends_with_an_error(address: str) -> None:
    """What ends a subscription comes as `error` after its last answer, masked when it is not ours."""
    async with acknowledged(address) as client:
        await subscribe(client, "subscription { breaks }")
        first, last = await heard(client), await heard(client)
        await subscribe(client, "{ hello }")
        following = await heard(client)

    assert first["payload"] == {"data": {"breaks": 1}}
    assert last["type"] == "error"
    assert last["payload"][0]["extensions"]["code"] == "INTERNAL"
    assert "secret" not in json.dumps(last)
    assert following["type"] == "next"


async def test_an_answer_with_errors_is_no_end(address: str) -> None:
    """Errors of single fields come inside `next`."""
    async with acknowledged(address) as client:
        await subscribe(client, "{ bug hello }")
        message = await heard(client)

    assert message["type"] == "next"
    assert message["payload"]["data"] == {"bug": None, "hello": "Hello world"}
    assert message["payload"]["errors"][0]["path"] == ["bug"]


async def test_complete_ends_a_subscription_and_frees_its_id() -> None:
    """After the client's `complete` the source is closed, nothing more comes, and the id may be used again."""
    admission = FakeAdmission()
    async with introduced(door(admission)) as client:
        await subscribe(client, "subscription { forever }")
        await heard(client)
        await say(client, {"id": "1", "type": "complete"})
        await admission.moments.cancelled.wait()
        await subscribe(client, "{ hello }")

        assert (await heard(client))["payload"] == {"data": {"hello": "Hello world"}}


async def test_complete_ends_a_query() -> None:
    """A query that the client gives up is cancelled, its answer never comes, and the id may be used again."""
    admission = FakeAdmission()
    async with introduced(door(admission)) as client:
        await subscribe(client, "{ wait }")
        await admission.moments.started.wait()
        await say(client, {"id": "1", "type": "complete"})
        async with asyncio.timeout(5):
            await admission.moments.cancelled.wait()
        admission.moments.go.set()
        await subscribe(client, "{ hello }")
        told = [await heard(client), await heard(client)]

    assert told == [
        {"id": "1", "type": "next", "payload": {"data": {"hello": "Hello world"}}},
        {"id": "1", "type": "complete"},
    ]


async def test_complete_for_an_unknown_operation_is_ignored(address: str) -> None:
    """A `complete` that crosses ours is no mistake."""
    async with acknowledged(address) as client:
        await say(client, {"id": "gone", "type": "complete"})
        await say(client, {"type": "ping"})

        assert await heard(client) == {"type": "pong"}


DEEP = "[" * 500 + "]" * 500


@pytest.mark.parametrize("payload", ["{}", '{"a": [1, "ü", null]}', '{"n":12345678901234567890123}', f'{{"a":{DEEP}}}'])
async def test_a_ping_is_answered_with_its_payload(address: str, payload: str) -> None:
    """A pong brings back what the ping brought, to the letter, before the introduction as well as after."""
    expected = f'{{"type":"pong","payload":{payload}}}'
    async with connected(address) as client:
        await client.send(f'{{"type":"ping","payload":{payload}}}')
        before = await client.recv()
        await say(client, INIT)
        await heard(client)
        await client.send(f'{{"type":"ping","payload":{payload}}}')
        after = await client.recv()

    assert before == after == expected


@pytest.mark.parametrize("message", ['{"type":"ping"}', '{"type":"ping","payload":null}'])
async def test_a_ping_without_payload_is_answered_without(address: str, message: str) -> None:
    """A payload that is null is none."""
    async with connected(address) as client:
        await client.send(message)

        assert await client.recv() == '{"type":"pong"}'


@pytest.mark.parametrize("payload", [{}, {"payload": None}, {"payload": {"a": 1}}])
async def test_an_unasked_pong_is_fine(address: str, payload: dict[str, object]) -> None:
    """A client may send a pong at any time."""
    async with connected(address) as client:
        await say(client, {"type": "pong", **payload})
        await say(client, {"type": "ping"})

        assert await heard(client) == {"type": "pong"}


async def test_the_project_and_the_key_may_come_by_header_or_payload(address: str) -> None:
    """A client that can send headers with its handshake needs no payload; a payload counts more."""
    headers = {"Authorization": KEY, "X-Tracegraph-Project": "mine"}
    told = []
    for payload in ({}, None, {"project": "other"}):
        async with connect(
            f"ws://{address}/graphql", subprotocols=[SPOKEN], additional_headers=headers, proxy=None
        ) as client:
            await say(client, {"type": "connection_init", "payload": payload})
            await heard(client)
            await subscribe(client, "{ project }")
            told.append((await heard(client))["payload"]["data"]["project"])

    assert told == ["mine", "mine", "other"]


async def test_one_operation_too_many_ends_with_an_error() -> None:
    """What exceeds the operations of a socket is an `error`, and the others run on."""
    async with introduced(door(FakeAdmission(), operations=2)) as client:
        for identity in ("1", "2", "3"):
            await subscribe(client, "subscription { forever }", identity)
        messages = {message["id"]: message["type"] for message in [await heard(client) for _ in range(3)]}

    assert messages == {"1": "next", "2": "next", "3": "error"}


async def test_leaving_ends_what_runs() -> None:
    """A socket that closes, politely or not, takes its operations with it."""
    for is_polite in (True, False):
        admission = FakeAdmission()
        async with introduced(door(admission)) as client:
            await subscribe(client, "subscription { forever }", "1")
            await subscribe(client, "{ wait }", "2")
            await heard(client)
            await (client.close() if is_polite else asyncio.to_thread(client.transport.abort))
            async with asyncio.timeout(5):
                await admission.moments.cancelled.wait()

        assert admission.moments.log == ["closed"]


async def test_nothing_is_left_of_sockets_that_are_gone(address: str) -> None:
    """Operations and sockets that ended leave no task behind."""
    before = len(asyncio.all_tasks())
    for _ in range(20):
        async with acknowledged(address) as client:
            for identity in ("1", "2", "3"):
                await subscribe(client, "subscription { forever }", identity)
                await heard(client)
            await say(client, {"id": "1", "type": "complete"})
    async with asyncio.timeout(5):
        while len(asyncio.all_tasks()) > before:
            await asyncio.wait(asyncio.all_tasks() - {asyncio.current_task()}, timeout=0.05)

    assert len(asyncio.all_tasks()) <= before


async def test_a_document_can_be_named_in_place_of_sent(address: str) -> None:
    """Persisted queries work as over HTTP: an unknown hash ends its operation, not the socket."""
    digest = hashlib.sha256(b"{ hello }").hexdigest()
    extensions = {"persistedQuery": {"version": 1, "sha256Hash": digest}}
    async with acknowledged(address) as client:
        await say(client, {"id": "1", "type": "subscribe", "payload": {"extensions": extensions}})
        unknown = await heard(client)
        await subscribe(client, "{ hello }", extensions=extensions)
        sent = [await heard(client), await heard(client)]
        await say(client, {"id": "1", "type": "subscribe", "payload": {"documentId": f"sha256:{digest}"}})
        named = [await heard(client), await heard(client)]

    assert unknown["type"] == "error"
    assert unknown["payload"][0]["extensions"]["code"] == "PERSISTED_QUERY_NOT_FOUND"
    assert sent == named
    assert sent[0]["payload"] == {"data": {"hello": "Hello world"}}
