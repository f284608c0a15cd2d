"""A WebSocket to our server that speaks `graphql-transport-ws` and has introduced itself."""

from __future__ import annotations

import asyncio
import socket as system

import orjson
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from tests.servers import Server

SPOKEN = Subprotocol("graphql-transport-ws")
PATIENCE = 10.0


async def introduced(server: Server, project_id: str, way: system.socket | None = None) -> ClientConnection:
    """A socket that works in a project, over a connection that may be there already.

    Raises OSError or WebSocketException when the server does not let it in.
    """
    url = server.url.replace("http", "ws") + "/graphql"
    socket = await connect(
        url,
        sock=way,
        subprotocols=[SPOKEN],
        proxy=None,
        compression=None,
        open_timeout=PATIENCE,
        ping_interval=None,
    )
    shown = {"authorization": f"Bearer {server.key}", "project": project_id}
    try:
        await socket.send(orjson.dumps({"type": "connection_init", "payload": shown}).decode())
        async with asyncio.timeout(PATIENCE):
            while orjson.loads(await socket.recv())["type"] != "connection_ack":
                pass
    except BaseException:
        await socket.close()
        raise
    return socket
