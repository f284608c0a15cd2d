"""A watcher on one socket, who reads at a pace of its own, or does not."""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress
from typing import Any

import orjson
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosedError

from pubsub import cursor
from tests.servers import Server

# What the kernel takes for who does not read is megabytes on this machine's own network; over a real one it is this.
SEGMENT_BYTES = 1_460
WINDOW_BYTES = 32_768


class Watcher:
    """The positions that were seen, and where the next ones come from."""

    def __init__(self, connection: ClientConnection, project_id: str) -> None:
        self.connection = connection
        self._project_id = project_id
        self.positions: list[int] = []

    @property
    def cursor(self) -> str:
        """Where it left off."""
        return cursor.encode(self._project_id, self.positions[-1] if self.positions else 0)

    async def ask(self, query: str, identity: str = "1", **variables: object) -> None:
        """Subscribe."""
        payload = {"query": query, "variables": variables}
        await self._say({"id": identity, "type": "subscribe", "payload": payload})

    async def leave(self, identity: str = "1") -> None:
        """Unsubscribe."""
        await self._say({"id": identity, "type": "complete"})

    async def read(self, count: int, pause: float = 0.0) -> None:
        """Read until so many events were seen, or until the socket is closed; after each one rest for a while."""
        with suppress(ConnectionClosedError):
            while len(self.positions) < count:
                await self.hear()
                if pause:
                    await asyncio.sleep(pause)  # this is what makes it slow

    async def hear(self) -> None:
        """Take in one event."""
        while True:
            message = orjson.loads(await self.connection.recv())
            if message["type"] == "next":
                told = message["payload"]["data"]["events"]["cursor"]
                self.positions.append(cursor.decode(self._project_id, told))
                return
            assert message["type"] == "ping", message
            await self._say({"type": "pong"})

    async def _say(self, message: Any) -> None:
        await self.connection.send(orjson.dumps(message).decode())


def narrow(server: Server) -> socket.socket:
    """A connection on whose way little has room."""
    opened = socket.socket()
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, WINDOW_BYTES)
    opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, SEGMENT_BYTES)
    opened.connect(("127.0.0.1", server.port))
    opened.setblocking(False)
    return opened
