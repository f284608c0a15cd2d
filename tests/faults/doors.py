"""The ways in for the load: what is asked over HTTP or over a WebSocket, and whether it was answered, and in time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

import httpx
import orjson
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import WebSocketException
from websockets.frames import CloseCode

from tests.faults.sockets import introduced
from tests.servers import Server

REFUSED = (httpx.codes.TOO_MANY_REQUESTS, httpx.codes.SERVICE_UNAVAILABLE)

Request: TypeAlias = Mapping[str, Any]


class NotSentError(Exception):
    """The request did not reach the server."""


class LostError(Exception):
    """The connection broke; whether the request was carried out nobody knows."""


class WrongError(Exception):
    """No server should answer like this, or take so long."""


@dataclass(frozen=True, kw_only=True)
class Said:
    """What a server said."""

    data: Mapping[str, Any] | None
    errors: Sequence[Mapping[str, Any]]
    text: str


class Door(Protocol):
    """A way in."""

    async def ask(self, request: Request) -> Said:
        """Have a request answered. Raises NotSentError, LostError or WrongError."""


class HttpDoor:
    """One connection that is kept where possible."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def ask(self, request: Request) -> Said:
        try:
            response = await self._client.post("/graphql", json=request)
        except httpx.ConnectError as error:
            raise NotSentError(repr(error)) from error
        except httpx.TimeoutException as error:
            raise WrongError(f"no answer in time: {error!r}") from error
        except httpx.TransportError as error:
            raise LostError(repr(error)) from error
        text = f"{response.status_code} {response.headers} {response.text}"
        if response.status_code not in (httpx.codes.OK, *REFUSED):
            raise WrongError(text)
        if response.status_code in REFUSED and int(response.headers.get("retry-after", 0)) < 1:
            raise WrongError(text)
        return _said(response.json(), text)


class SocketDoor:
    """One socket, and another one when it is lost; one operation at a time."""

    def __init__(self, server: Server, project_id: str, patience: float) -> None:
        self._server = server
        self._project_id = project_id
        self._patience = patience
        self._socket: ClientConnection | None = None

    async def ask(self, request: Request) -> Said:
        try:
            async with asyncio.timeout(self._patience):
                socket = await self._opened()
                return await self._answer(socket, request)
        except TimeoutError as error:
            await self.close()
            raise WrongError(f"no answer in time: {error!r}") from error

    async def close(self) -> None:
        """Take leave."""
        if self._socket is not None:
            socket, self._socket = self._socket, None
            await socket.close()

    async def _opened(self) -> ClientConnection:
        if self._socket is None:
            try:
                self._socket = await introduced(self._server, self._project_id)
            except (OSError, WebSocketException) as error:
                raise NotSentError(repr(error)) from error
        return self._socket

    async def _answer(self, socket: ClientConnection, request: Request) -> Said:
        answer: Said | None = None
        try:
            await socket.send(orjson.dumps({"id": "1", "type": "subscribe", "payload": request}).decode())
            async for text in socket:
                message = orjson.loads(text)
                match message["type"]:
                    case "next":
                        answer = _said(message["payload"], str(text))
                    case "error":
                        return Said(data=None, errors=message["payload"], text=str(text))
                    case "complete" if answer is not None:
                        return answer
        except WebSocketException as error:
            raise self._closed(socket) from error
        raise self._closed(socket)

    def _closed(self, socket: ClientConnection) -> NotSentError | LostError:
        """What became of a request whose socket was closed: one that restarts has answered all that it began."""
        self._socket = None
        kind = NotSentError if socket.close_code == CloseCode.SERVICE_RESTART else LostError
        return kind(f"closed with {socket.close_code}")


@asynccontextmanager
async def http_door(server: Server, project_id: str, patience: float) -> AsyncIterator[HttpDoor]:
    """A way in over HTTP, for somebody who waits for so many seconds."""
    async with httpx.AsyncClient(
        base_url=server.url,
        headers={**server.headers, "X-Tracegraph-Project": project_id},
        timeout=patience,
        trust_env=False,
    ) as client:
        yield HttpDoor(client)


@asynccontextmanager
async def socket_door(server: Server, project_id: str, patience: float) -> AsyncIterator[SocketDoor]:
    """A way in over WebSockets, for somebody who waits for so many seconds."""
    door = SocketDoor(server, project_id, patience)
    try:
        yield door
    finally:
        await door.close()


def _said(answer: Mapping[str, Any], text: str) -> Said:
    return Said(data=answer.get("data"), errors=answer.get("errors") or (), text=text)
