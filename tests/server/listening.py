"""A door behind real uvicorn and a real socket, in the event loop of the test."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from starlette.types import ASGIApp
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from server.process import configuration
from server.settings import Settings

SPOKEN = Subprotocol("graphql-transport-ws")


class QuietServer(uvicorn.Server):
    """uvicorn without its signal handlers: those of the test stay."""

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        await self._serve(sockets)


@asynccontextmanager
async def listening(application: ASGIApp, settings: Settings | None = None) -> AsyncIterator[str]:
    """Serve an application as we serve ours; the address is without a scheme."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = QuietServer(configuration(application, settings or Settings()))
        running = asyncio.create_task(server.serve([listener]))
        try:
            yield f"127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            await running


@asynccontextmanager
async def connected(address: str, *subprotocols: Subprotocol) -> AsyncIterator[ClientConnection]:
    """A WebSocket to this address; without any, with the subprotocol that we speak."""
    async with connect(
        f"ws://{address}/graphql",
        subprotocols=subprotocols or [SPOKEN],
        ping_interval=None,
        compression=None,
        proxy=None,
        max_size=None,
    ) as client:
        yield client
