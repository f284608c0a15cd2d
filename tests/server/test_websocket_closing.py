"""The WebSocket door closes with a code of the protocol, always: never without one, and never for a bad document."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosedError, InvalidStatus
from websockets.typing import Origin, Subprotocol

from server.drain import Drain
from server.settings import Settings
from tests.fakes.admission import KEY, SLOW, FakeAdmission
from tests.server.listening import SPOKEN, connected, listening
from tests.server.sockets import INIT, acknowledged, closed, door, heard, introduced, say, subscribe

pytestmark = pytest.mark.asyncio(loop_scope="module")


# JSON by the letter, and nested just so deeply that one of our decoders takes it and another one does not.
DEEP = "[" * 1_020 + "]" * 1_020


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
        f'{{"type":"ping","payload":{{"a":{DEEP}}}}}',
        f'{{"type":"subscribe","id":"1","payload":{{"query":"{{hello}}","variables":{{"a":{DEEP}}}}}}}',
        f'{{"type":"subscribe","id":"1","payload":{{"query":"{{hello}}"}},"x":{DEEP}}}',
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


async def test_subscribing_between_introduction_and_acknowledgement_closes_with_4401() -> None:
    """To have introduced oneself is not enough: the acknowledgement has to have come. However long it takes, it may."""
    admission = FakeAdmission()
    async with listening(door(admission, init_seconds=0.05)) as address, connected(address) as client:
        await say(client, {"type": "connection_init", "payload": {"authorization": SLOW}})
        await admission.moments.started.wait()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await client.recv()
        await subscribe(client, "{ hello }")

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


async def test_a_slow_consumer_is_told_its_last_cursor() -> None:
    """Who reads on at last gets all that was sent, and then the cursor from which nothing is missing."""
    admission = FakeAdmission()
    heard_numbers: list[int] = []
    async with introduced(door(admission, init_seconds=0.05, send_seconds=0.2)) as client:
        client.transport.pause_reading()
        await subscribe(client, "subscription { resumable(to: 100, size: 1000000) { number text } }")
        async with asyncio.timeout(10):
            await admission.moments.cancelled.wait()
            client.transport.resume_reading()
            with suppress(ConnectionClosedError):
                while True:
                    heard_numbers.append(json.loads(await client.recv())["payload"]["data"]["resumable"]["number"])

    assert (client.close_code, client.close_reason) == (4499, f"SLOW_CONSUMER {heard_numbers[-1]}")
    assert heard_numbers == [*range(1, len(heard_numbers) + 1)]


async def test_who_does_not_even_hear_a_ping_is_told_its_last_cursor() -> None:
    """Where all that was sent fits on the way to a client that does not read, its silence gives it away."""
    admission = FakeAdmission()
    async with introduced(door(admission, init_seconds=0.05, ping_seconds=0.2)) as client:
        await subscribe(client, "subscription { resumable(to: 3, ends: false) { number } }")
        while (said := await heard(client)) != {
            "id": "1",
            "type": "next",
            "payload": {"data": {"resumable": {"number": 3}}},
        }:
            assert said["type"] in ("next", "ping")
        client.transport.pause_reading()
        async with asyncio.timeout(10):
            await admission.moments.cancelled.wait()
            client.transport.resume_reading()
            code, reason = await closed(client)

    assert (code, reason) == (4499, "SLOW_CONSUMER 3")


@asynccontextmanager
async def opened_by(origin: str | None) -> AsyncIterator[ClientConnection]:
    """A socket that a page of this origin opens, to a server that has a friend."""
    friendly = replace(door(FakeAdmission()), origins=frozenset({"https://friend.example"}))
    async with listening(friendly) as address:
        told = None if origin is None else Origin(origin.format(address=address))
        async with connect(f"ws://{address}/graphql", subprotocols=[SPOKEN], origin=told, proxy=None) as client:
            yield client


@pytest.mark.parametrize("origin", [None, "http://{address}", "https://friend.example"])
async def test_our_pages_and_those_of_friends_come_in(origin: str | None) -> None:
    """A browser tells whose page wants a socket; a program tells nothing."""
    async with opened_by(origin) as client:
        await say(client, INIT)

        assert await heard(client) == {"type": "connection_ack"}


@pytest.mark.parametrize("origin", ["https://stranger.example", "http://{address}.stranger.example", "null"])
async def test_pages_of_strangers_are_turned_away(origin: str) -> None:
    """A page that has no business here gets no socket."""
    with pytest.raises(InvalidStatus) as caught:
        async with opened_by(origin):
            pass

    assert caught.value.response.status_code == 403


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


async def test_draining_answers_what_was_begun_and_begins_nothing_else() -> None:
    """Who is closed with 1012 has an answer to all that was done: what came too late is asked again elsewhere."""
    drain = Drain(5.0)
    admission = FakeAdmission()
    async with listening(door(admission, drain)) as address, acknowledged(address) as client:
        await subscribe(client, "mutation { write }")
        await admission.moments.started.wait()
        draining = asyncio.create_task(drain.run())
        await subscribe(client, 'mutation { rename(name: "late") }', "2")
        await say(client, {"type": "ping"})
        pong = await heard(client)
        admission.moments.go.set()
        answers = [await heard(client) for _ in range(2)]
        code, _ = await closed(client)
        await draining

    assert pong["type"] == "pong"
    assert [(answer["type"], answer["id"]) for answer in answers] == [("next", "1"), ("complete", "1")]
    assert code == 1012
