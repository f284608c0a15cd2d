"""Watchers that cost next to nothing: sockets that speak `graphql-transport-ws` and hardly listen."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import cast
from urllib.parse import urlsplit

NAMED = b'"name":"n'
# How the size of a frame's payload is written (RFC 6455, section 5.2).
IN_TWO_BYTES, IN_EIGHT_BYTES = 126, 127
TOGETHER = 50  # how many connect at once
PATIENCE = 60.0


@dataclass(kw_only=True)
class Crowd:
    """What many watchers see: how often each thing was told, and how long after it was sent."""

    sent: dict[int, float] = field(default_factory=dict)
    latencies: list[float] = field(default_factory=list)
    told: dict[int, int] = field(default_factory=dict)
    messages: int = 0
    lost: list[str] = field(default_factory=list)

    def see(self, text: bytes) -> None:
        """Take note of an answer that names what it is about by a number."""
        self.messages += 1
        start = text.find(NAMED)
        if start < 0:
            return
        start += len(NAMED)
        number = int(text[start : text.index(b'"', start)])
        self.told[number] = self.told.get(number, 0) + 1
        if number in self.sent:
            self.latencies.append(time.perf_counter() - self.sent[number])

    async def sees(self, number: int, times: int) -> None:
        """Wait until something was told so often."""
        await self._until(lambda: self.told.get(number, 0), times)

    async def hears(self, messages: int) -> None:
        """Wait until so many answers came."""
        await self._until(lambda: self.messages, messages)

    async def _until(self, count: Callable[[], int], wanted: int) -> None:
        deadline = time.perf_counter() + PATIENCE
        while count() < wanted:
            if time.perf_counter() > deadline or self.lost:
                raise RuntimeError(f"{count()} of {wanted} came; {self.lost[:3]}")
            await asyncio.sleep(0.01)


class Watcher(asyncio.Protocol):
    """One socket with one subscription."""

    def __init__(self, crowd: Crowd, greeting: bytes, introduction: bytes, subscription: bytes) -> None:
        self._crowd = crowd
        self._greeting = greeting
        self._introduction = framed(introduction)
        self._subscription = framed(subscription)
        self._buffer = b""
        self._upgraded = False
        self.begun: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the upgrade."""
        self.transport = cast("asyncio.Transport", transport)
        self.transport.write(self._greeting)

    def connection_lost(self, _error: Exception | None) -> None:
        """Tell it if nobody wanted it."""
        if not self.transport.is_closing() or not self.begun.done():
            self._crowd.lost.append("a connection was lost")

    def data_received(self, data: bytes) -> None:
        """Cut what came into messages."""
        buffer = self._buffer + data if self._buffer else data
        start = 0
        if not self._upgraded:
            end = buffer.find(b"\r\n\r\n")
            if end < 0:
                self._buffer = buffer
                return
            self._upgraded = True
            start = end + 4
            self.transport.write(self._introduction)
        while (place := _payload(buffer, start)) is not None:
            begin, start = place
            self._hear(buffer[begin:start])
        self._buffer = buffer[start:]

    def _hear(self, text: bytes) -> None:
        if b'"type":"next"' in text[:60] or b'"type":"next"' in text[-60:]:
            self._crowd.see(text)
        elif b'"connection_ack"' in text:
            self.transport.write(self._subscription)
            self.begun.set_result(None)
        elif b'"ping"' in text:
            self.transport.write(framed(b'{"type":"pong"}'))
        elif b'"pong"' not in text:
            self._crowd.lost.append(repr(text[:200]))


def framed(text: bytes) -> bytes:
    """A message of a client, masked with nothing."""
    size = len(text)
    head = bytes([0x81, 0x80 | size]) if size < IN_TWO_BYTES else b"\x81\xfe" + size.to_bytes(2)
    return head + b"\0\0\0\0" + text


@asynccontextmanager
async def watching(
    url: str, headers: Mapping[str, str], queries: Sequence[str], variables: Sequence[Mapping[str, object]] = ({},)
) -> AsyncIterator[Crowd]:
    """As many watchers as there are queries; the ones after the others take the variables in turn."""
    parts, crowd = urlsplit(url), Crowd()
    greeting = (
        f"GET /graphql HTTP/1.1\r\nhost: {parts.netloc}\r\nconnection: upgrade\r\nupgrade: websocket\r\n"
        "sec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
        "sec-websocket-protocol: graphql-transport-ws\r\n\r\n"
    ).encode()
    introduction = json.dumps({"type": "connection_init", "payload": dict(headers)}).encode()
    opened: list[Watcher] = []
    try:
        for start in range(0, len(queries), TOGETHER):
            made = []
            for number, query in enumerate(queries[start : start + TOGETHER], start):
                payload = {"query": query, "variables": variables[number % len(variables)]}
                subscription = json.dumps({"id": str(number), "type": "subscribe", "payload": payload}).encode()
                made.append(_opened(parts.netloc, crowd, greeting, introduction, subscription))
            opened += await asyncio.gather(*made)
            await asyncio.gather(*[watcher.begun for watcher in opened[start:]])
        yield crowd
    finally:
        for watcher in opened:
            watcher.transport.abort()


async def _opened(address: str, crowd: Crowd, greeting: bytes, introduction: bytes, subscription: bytes) -> Watcher:
    loop = asyncio.get_running_loop()
    host, _, port = address.partition(":")
    _, watcher = await loop.create_connection(
        lambda: Watcher(crowd, greeting, introduction, subscription), host, int(port)
    )
    return watcher


def _payload(buffer: bytes, start: int) -> tuple[int, int] | None:
    """Where the payload of the next frame begins and ends, when all of it is there."""
    if len(buffer) < start + 2:
        return None
    size, begin = buffer[start + 1], start + 2
    if size == IN_TWO_BYTES:
        size, begin = int.from_bytes(buffer[begin : begin + 2]), begin + 2
    elif size == IN_EIGHT_BYTES:
        size, begin = int.from_bytes(buffer[begin : begin + 8]), begin + 8
    return (begin, begin + size) if len(buffer) >= begin + size else None
