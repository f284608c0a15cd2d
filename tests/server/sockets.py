"""What the tests of the WebSocket door say and hear."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import Any

from starlette.types import ASGIApp
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosedError

from operations.engine import engine
from server.drain import Drain
from server.socket import SocketLimits
from server.websocket import WebSocketDoor
from tests.fakes.admission import KEY, FakeAdmission
from tests.fakes.contract import graphql_schema
from tests.server.listening import connected, listening

INIT = {"type": "connection_init", "payload": {"authorization": KEY}}
ACKNOWLEDGED = {"type": "connection_ack"}


def door(admission: FakeAdmission, drain: Drain | None = None, **limits: Any) -> WebSocketDoor:
    fake = engine(graphql_schema(), fresh=lambda context: replace(context, event=context.event + 1))
    return WebSocketDoor(engine=fake, admit=admission, drain=drain or Drain(1.0), limits=SocketLimits(**limits))


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
