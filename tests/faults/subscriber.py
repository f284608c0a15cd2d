"""A subscriber over `graphql-transport-ws` that outlives its connections: it resumes after what it has seen."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import cycle, repeat
from typing import Any

import orjson
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import WebSocketException

from pubsub import cursor
from tests.faults.sockets import introduced
from tests.servers import Server

PAUSE = 0.1
FOR_EVER = -1

EVENTS = """
subscription Events($after: Cursor) {
  events(after: $after) {
    type cursor
    ... on TraceStarted { trace { id } } ... on TraceUpdated { trace { id } } ... on TraceFinished { trace { id } }
    ... on StepStarted { step { id } } ... on StepUpdated { step { id } } ... on StepFinished { step { id } }
  }
}
"""


@dataclass(frozen=True, kw_only=True)
class Seen:
    """An event as it was told."""

    position: int
    type: str
    subject: str | None


class BrokenError(Exception):
    """The connection or the subscription came to an end that a new one may mend."""


class Subscriber:
    """What somebody sees who wants to see everything. Made by `subscribed`.

    `lives` says of each connection after how many events it breaks; the next one goes to the next server.
    """

    def __init__(self, servers: Sequence[Server], project_id: str, lives: Iterator[int]) -> None:
        self._servers = cycle(servers)
        self._lives = lives
        self._project_id = project_id
        self._cursor = cursor.encode(project_id, 0)
        self.seen: list[Seen] = []
        self.surprises: list[str] = []
        self.connections = 0
        self._socket: ClientConnection | None = None
        self._changed = asyncio.Event()

    async def run(self) -> None:
        """Follow until cancelled."""
        while True:
            try:
                async with await introduced(next(self._servers), self._project_id) as socket:
                    await self._follow(socket)
            except (OSError, WebSocketException, BrokenError):
                await asyncio.sleep(PAUSE)  # nobody tells when the server is back

    async def reach(self, position: int, within: float = 20.0) -> None:
        """Wait until an event at this position, or after it, was seen."""
        async with asyncio.timeout(within):
            while not self.seen or self.seen[-1].position < position:
                await self._changed.wait()

    async def progress(self, within: float = 20.0) -> None:
        """Wait until more was seen than was until now."""
        position = self.seen[-1].position if self.seen else 0
        await self.reach(position + 1, within)

    def drop(self) -> None:
        """Lose the connection, as if the process had been killed."""
        if self._socket is not None:
            self._socket.transport.abort()

    async def _follow(self, socket: ClientConnection) -> None:
        self.connections += 1
        self._socket = socket
        payload = {"query": EVENTS, "variables": {"after": self._cursor}}
        await socket.send(orjson.dumps({"id": "1", "type": "subscribe", "payload": payload}).decode())
        left = next(self._lives)
        async for text in socket:
            message = orjson.loads(text)
            match message["type"]:
                case "next":
                    self._see(message["payload"])
                    left -= 1
                    if left == 0:
                        self.drop()
                        raise BrokenError
                case "ping":
                    await socket.send('{"type":"pong"}')
                case "error" if message["payload"][0]["extensions"]["code"] == "OVERLOADED":
                    raise BrokenError
                case _:
                    self.surprises.append(str(message))
                    raise BrokenError

    def _see(self, answer: dict[str, Any]) -> None:
        if "errors" in answer:
            self.surprises.append(str(answer))
            return
        event = answer["data"]["events"]
        self._cursor = event["cursor"]
        subject = event.get("trace") or event.get("step") or {}
        position = cursor.decode(self._project_id, event["cursor"])
        self.seen.append(Seen(position=position, type=event["type"], subject=subject.get("id")))
        self._changed.set()
        self._changed = asyncio.Event()


@asynccontextmanager
async def subscribed(
    project_id: str, *servers: Server, lives: Iterator[int] | None = None
) -> AsyncIterator[Subscriber]:
    """Somebody who follows the project from its first event on, at these servers in turn."""
    subscriber = Subscriber(servers, project_id, lives or repeat(FOR_EVER))
    running = asyncio.create_task(subscriber.run())
    try:
        yield subscriber
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
