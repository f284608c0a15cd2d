"""Peers that never finish what they say are cut off, and nobody else notices."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, suppress

import httpx
import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from server.process import configuration
from server.settings import Settings
from server.transport import RequestProtocol
from tests.server.listening import QuietServer

HALF = b"GET / HTTP/1.1\r\nhost: here\r\nx-slow: "
WHOLE = b"GET / HTTP/1.1\r\nhost: here\r\n\r\n"
LAST = b"GET / HTTP/1.1\r\nhost: here\r\nconnection: close\r\n\r\n"


class HastyProtocol(RequestProtocol):
    head_seconds = 0.3


@pytest.fixture
async def port() -> AsyncIterator[int]:
    """A server with little patience for headers."""
    application = Starlette(routes=[Route("/", lambda _: PlainTextResponse("here"))])
    config = configuration(application, Settings())
    config.http = HastyProtocol
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = QuietServer(config)
        running = asyncio.create_task(server.serve([listener]))
        yield listener.getsockname()[1]
        server.should_exit = True
        await running


@pytest.mark.parametrize("said", [b"", HALF, WHOLE + HALF])
async def test_headers_that_do_not_end_end_the_connection(port: int, said: bytes) -> None:
    """Whoever says nothing, or half of a request, the first or a later one, is cut off."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(said)
    async with asyncio.timeout(5):
        with suppress(ConnectionResetError):
            await reader.read()
    writer.close()


async def test_many_slow_peers_keep_nobody_from_an_answer(port: int) -> None:
    """While two hundred connections dribble, a normal client is served; then they are gone."""
    async with AsyncExitStack() as stack:
        slow = [await asyncio.open_connection("127.0.0.1", port) for _ in range(200)]
        for _, writer in slow:
            stack.callback(writer.close)
            writer.write(HALF)
        client = await stack.enter_async_context(httpx.AsyncClient(trust_env=False))
        answer = await client.get(f"http://127.0.0.1:{port}/")
        async with asyncio.timeout(5):
            await asyncio.gather(*(reader.read() for reader, _ in slow), return_exceptions=True)

    assert answer.text == "here"


async def test_a_connection_that_is_used_is_kept(port: int) -> None:
    """Requests that arrive whole are answered on one connection, longer than a slow one would be suffered."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for _ in range(3):
        writer.write(WHOLE)
        async with asyncio.timeout(5):
            assert (await reader.readuntil(b"here")).startswith(b"HTTP/1.1 200")
    writer.close()


async def test_a_server_that_stops_answers_who_has_just_come() -> None:
    """A connection that has asked before is closed; one whose first request may be on its way is answered."""
    application = Starlette(routes=[Route("/", lambda _: PlainTextResponse("here"))])
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = QuietServer(configuration(application, Settings()))
        running = asyncio.create_task(server.serve([listener]))
        port = listener.getsockname()[1]
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        idle, asking = await asyncio.open_connection("127.0.0.1", port)
        asking.write(WHOLE)
        async with asyncio.timeout(10):
            await idle.readuntil(b"here")
            server.should_exit = True
            left = await idle.read()
            writer.write(LAST)
            answer = await reader.read()
            await running
        writer.close()
        asking.close()

    assert left == b""
    assert answer.endswith(b"here")
