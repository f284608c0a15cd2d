"""The WebSocket door speaks graphql-transport-ws to the letter, and closes with a code of the protocol, always."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import Any

import pytest
import pytest_asyncio
from starlette.types import ASGIApp
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosedError
from websockets.typing import Subprotocol

from operations.engine import engine
from server.drain import Drain
from server.settings import Settings
from server.socket import SocketLimits
from server.websocket import WebSocketDoor
from tests.fakes.admission import KEY, FakeAdmission
from tests.fakes.contract import graphql_schema
from tests.server.listening import SPOKEN, connected, listening

pytestmark = pytest.mark.asyncio(loop_scope="module")

INIT = {"type": "connection_init", "payload": {"authorization": KEY}}
ACKNOWLEDGED = {"type": "connection_ack"}


def door(admission: FakeAdmission, drain: Drain | None = None, **limits: Any) -> WebSocketDoor:
    fake = engine(graphql_schema(), fresh=lambda context: replace(context, event=context.event + 1))
    return WebSocketDoor(engine=fake, admit=admission, drain=drain or Drain(1.0), limits=SocketLimits(**limits))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def address() -> AsyncIterator[str]:
    async with listening(door(FakeAdmission())) as address:
        yield address


@asynccontextmanager
async def introduced(application: ASGIApp) -> AsyncIterator[ClientConnection]:
    """A socket that is acknowledged, to an application of its own."""
    async with listening(application) as address, acknowledged(address) as client:
        yield client


@asynccontextmanager
async def acknowledged(address: str) -> AsyncIterator[ClientConnection]:
    async with connected(address) as client:
        await say(client, INIT)
        assert await heard(client) == ACKNOWLEDGED
        yield client


async def say(client: ClientConnection, message: object) -> None:
    await client.send(json.dumps(message))


async def heard(client: ClientConnection) -> Any:
    async with asyncio.timeout(5):
        return json.loads(await client.recv())


async def subscribe(client: ClientConnection, query: str, identity: str = "1", **parameters: object) -> None:
    await say(client, {"id": identity, "type": "subscribe", "payload": {"query": query, **parameters}})


async def closed(client: ClientConnection) -> tuple[int, str]:
    """The code and the reason with which the server closes, after whatever it says before."""
    async with asyncio.timeout(5):
        with suppress(ConnectionClosedError):
            async for _ in client:
                pass
        await client.wait_closed()
    assert client.close_code is not None
    return client.close_code, client.close_reason or ""


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


async def test_complete_for_an_unknown_operation_is_ignored(address: str) -> None:
    """A `complete` that crosses ours is no mistake."""
    async with acknowledged(address) as client:
        await say(client, {"id": "gone", "type": "complete"})
        await say(client, {"type": "ping"})

        assert await heard(client) == {"type": "pong"}


@pytest.mark.parametrize("payload", [None, {}, {"a": [1, "ü", None]}])
async def test_a_ping_is_answered_with_its_payload(address: str, payload: object) -> None:
    """A pong brings back what the ping brought, before the acknowledgement as well as after."""
    async with connected(address) as client:
        await say(client, {"type": "ping", "payload": payload})

        assert await heard(client) == {"type": "pong"} | ({} if payload is None else {"payload": payload})


@pytest.mark.parametrize("payload", [{}, {"payload": None}, {"payload": {"a": 1}}])
async def test_an_unasked_pong_is_fine(address: str, payload: dict[str, object]) -> None:
    """A client may send a pong at any time."""
    async with connected(address) as client:
        await say(client, {"type": "pong", **payload})
        await say(client, {"type": "ping"})

        assert await heard(client) == {"type": "pong"}


@pytest.mark.parametrize(
    "frame",
    [
        *("", " ", "{", "null", "1", '"x"', "true", "[]", "[" * 100_000, '{"type":"ping"} x', '{"type":"ping",}'),
        *("{}", '{"type":null}', '{"type":1}', '{"type":[]}', '{"type":{}}', '{"type":"start"}', '{"type":"PING"}'),
        *(
            '{"type":"connection_ack"}',
            '{"type":"next","id":"1","payload":{}}',
            '{"type":"error","id":"1","payload":[]}',
        ),
        *('{"type":"connection_terminate"}', '{"type":"ka"}', '{"type":"ping","payload":NaN}', '{"type":"\\ud800"}'),
        *(
            f'{{"type":"{kind}","payload":{bad}}}'
            for kind in ("ping", "pong", "connection_init")
            for bad in ("1", "[]", '""')
        ),
        *(f'{{"type":"complete"{rest}}}' for rest in ("", ',"id":null', ',"id":1', ',"id":[]', ',"id":{}', ',"id":""')),
        *(
            f'{{"type":"subscribe","payload":{{"query":"{{hello}}"}}{rest}}}'
            for rest in ("", ',"id":["1"]', ',"id":""')
        ),
        *(
            f'{{"type":"subscribe","id":"1"{rest}}}'
            for rest in ("", ',"payload":null', ',"payload":[]', ',"payload":{}')
        ),
        *(f'{{"type":"subscribe","id":"1","payload":{{"query":{bad}}}}}' for bad in ("1", "null", "{}", "[]")),
        *(
            f'{{"type":"subscribe","id":"1","payload":{{"query":"{{hello}}","{name}":1}}}}'
            for name in ("variables", "extensions", "operationName")
        ),
        '{"type":"subscribe","id":"' + "x" * 257 + '","payload":{"query":"{hello}"}}',
    ],
)
@pytest.mark.parametrize("is_acknowledged", [False, True])
async def test_a_malformed_frame_closes_with_4400(address: str, frame: str, is_acknowledged: bool) -> None:
    """Whatever is no message of the protocol closes the socket with 4400 and a reason, before and after the ack."""
    async with connected(address) as client:
        if is_acknowledged:
            await say(client, INIT)
            await heard(client)
        await client.send(frame)
        code, reason = await closed(client)

    assert code == 4400
    assert reason.startswith("Invalid message: ")


async def test_a_binary_frame_closes_with_4400(address: str) -> None:
    """Messages are text."""
    async with connected(address) as client:
        await client.send(b'{"type":"ping"}')

        assert (await closed(client))[0] == 4400


async def test_text_that_is_no_utf8_closes_with_1007(address: str) -> None:
    """The WebSocket protocol's own code tells of text that is none."""
    async with connected(address) as client:
        await client.send(b"\xff\xfe", text=True)

        assert (await closed(client))[0] == 1007


async def test_a_message_that_is_too_long_closes_with_1009() -> None:
    """A message beyond the limit is not read to its end."""
    async with (
        listening(door(FakeAdmission()), Settings(max_message_bytes=1_000)) as address,
        connected(address) as client,
    ):
        await client.send(" " * 2_000)

        assert (await closed(client))[0] == 1009


@pytest.mark.parametrize("identity", ["1", "2"])
async def test_subscribing_before_the_acknowledgement_closes_with_4401(address: str, identity: str) -> None:
    """Nothing runs for who has not introduced themselves."""
    async with connected(address) as client:
        await subscribe(client, "{ hello }", identity)

        assert await closed(client) == (4401, "Unauthorized")


async def test_a_second_introduction_closes_with_4429(address: str) -> None:
    """One introduction is enough, acknowledged or not."""
    async with acknowledged(address) as client:
        await say(client, INIT)
        late = await closed(client)
    async with connected(address) as client:
        await say(client, INIT)
        await say(client, INIT)
        early = await closed(client)

    assert late == early == (4429, "Too many initialisation requests")


async def test_no_introduction_closes_with_4408() -> None:
    """Who does not introduce themselves in time is not waited for; pings don't count."""
    async with listening(door(FakeAdmission(), init_seconds=0.05)) as address, connected(address) as client:
        await say(client, {"type": "ping"})

        assert await closed(client) == (4408, "Connection initialisation timeout")


async def test_a_second_operation_of_the_same_id_closes_with_4409(address: str) -> None:
    """An id belongs to one operation at a time; the reason names it."""
    async with acknowledged(address) as client:
        await subscribe(client, "subscription { forever }", "mine")
        await subscribe(client, "{ hello }", "mine")

        assert await closed(client) == (4409, "Subscriber for mine already exists")


async def test_a_long_reason_is_cut_to_what_a_close_frame_holds(address: str) -> None:
    """A reason that quotes the client fits into its frame."""
    async with acknowledged(address) as client:
        for _ in range(2):
            await subscribe(client, "subscription { forever }", "ü" * 200)
        code, reason = await closed(client)

    assert code == 4409
    assert len(reason.encode()) <= 123


@pytest.mark.parametrize("offered", [["graphql-ws"], ["mqtt", "graphql-ws"]])
async def test_another_subprotocol_closes_with_4406(address: str, offered: list[str]) -> None:
    """Who speaks another protocol, the legacy one included, is told so."""
    async with connected(address, *map(Subprotocol, offered)) as client:
        assert (await closed(client))[0] == 4406


async def test_no_subprotocol_closes_with_4406(address: str) -> None:
    """Who names no protocol is not taken to speak ours."""
    async with connect(f"ws://{address}/graphql", proxy=None) as client:
        assert (await closed(client))[0] == 4406


async def test_our_subprotocol_is_found_among_others(address: str) -> None:
    """Of several protocols ours is chosen."""
    async with connected(address, Subprotocol("graphql-ws"), SPOKEN) as client:
        assert client.subprotocol == SPOKEN


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        (None, 4403),
        ({"authorization": "Bearer tg_wrong"}, 4403),
        ({"authorization": 1}, 4403),
        ({"authorization": KEY, "project": []}, 4403),
        ({"authorization": KEY, "project": "absent"}, 4403),
        ({"authorization": "Bearer tg_refused"}, 4403),
        ({"authorization": "Bearer tg_down"}, 1013),
        ({"authorization": "Bearer tg_bug"}, 1011),
    ],
)
async def test_who_is_not_let_in_is_closed_with_why(address: str, payload: object, code: int) -> None:
    """A key that opens nothing is 4403, a database that is away 1013: try again later."""
    async with connected(address) as client:
        await say(client, {"type": "connection_init", "payload": payload})
        actual, reason = await closed(client)

    assert actual == code
    assert reason
    assert "secret" not in reason


async def test_the_project_and_the_key_may_come_by_header_or_payload(address: str) -> None:
    """A client that can send headers with its handshake needs no payload; a payload counts more."""
    headers = {"Authorization": KEY, "X-Tracegraph-Project": "mine"}
    told = []
    for payload in ({}, {"project": "other"}):
        async with connect(
            f"ws://{address}/graphql", subprotocols=[SPOKEN], additional_headers=headers, proxy=None
        ) as client:
            await say(client, {"type": "connection_init", "payload": payload})
            await heard(client)
            await subscribe(client, "{ project }")
            told.append((await heard(client))["payload"]["data"]["project"])

    assert told == ["mine", "other"]


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


async def test_the_server_asks_who_is_silent_and_closes_who_does_not_answer() -> None:
    """Pings come in time; a client that answers stays, one that does not is closed."""
    async with introduced(door(FakeAdmission(), init_seconds=0.05, ping_seconds=0.1)) as client:
        for _ in range(3):
            assert await heard(client) == {"type": "ping"}
            await say(client, {"type": "pong"})
        code, reason = await closed(client)

    assert code == 4499
    assert "ping" in reason


async def test_a_key_that_is_revoked_ends_its_socket() -> None:
    """With each ping the key is looked at again."""
    admission = FakeAdmission()
    async with introduced(door(admission, init_seconds=0.05, ping_seconds=0.1)) as client:
        admission.revoked = True

        assert (await closed(client))[0] == 4403


async def test_a_client_that_does_not_read_is_closed() -> None:
    """What is sent to a stalled client waits for a bounded time; then its operations and its socket end."""
    admission = FakeAdmission()
    application = door(admission, init_seconds=0.05, send_seconds=0.2)
    async with introduced(application) as client:
        client.transport.pause_reading()
        await subscribe(client, "subscription { forever(size: 1000000) }")
        async with asyncio.timeout(5):
            await admission.moments.cancelled.wait()

        assert admission.moments.log == ["closed"]
        client.transport.abort()


async def test_draining_sends_clients_elsewhere() -> None:
    """A server that stops closes its sockets with 1012, and those that come meanwhile."""
    drain = Drain(1.0)
    admission = FakeAdmission()
    async with listening(door(admission, drain)) as address, acknowledged(address) as first:
        await subscribe(first, "subscription { forever }")
        await heard(first)
        draining = asyncio.create_task(drain.run())
        code, _ = await closed(first)
        async with connected(address) as second:
            late, _ = await closed(second)
        await draining

    assert code == late == 1012
    assert admission.moments.log == ["closed"]
    assert drain.sockets == 0


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
