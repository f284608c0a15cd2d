"""The door for GraphQL over server-sent events: one operation a connection, resumable by `Last-Event-ID`.

The protocol: https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md, distinct connections mode.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass
from typing import Any, TypeAlias

from starlette.types import Receive, Send

from models.errors import Fault, Unavailable
from operations.answers import Answer, failure_answer
from operations.documents import Prepared
from operations.engine import Engine
from server.drain import Drain
from server.heartbeat import Heartbeat
from server.negotiation import EVENT_STREAM
from server.portions import portions

Answers: TypeAlias = AsyncGenerator[Sequence[Answer]]

HEADERS = [
    (b"content-type", f"{EVENT_STREAM}; charset=utf-8".encode()),
    (b"cache-control", b"no-store"),
    # A proxy that collects what it forwards would hold events back.
    (b"x-accel-buffering", b"no"),
]
COMMENT = b":\n\n"
# The empty field makes an EventSource deliver the event.
COMPLETE = b"event: complete\ndata:\n\n"
CLOSE_SECONDS = 2.0
BREAKS = bytes.maketrans(b"\r\n", b"  ")


class Ending(Exception):
    """The stream is over."""


@dataclass(frozen=True, kw_only=True)
class EventStreams:
    """Streams answers; `ping_seconds` is how often a quiet stream shows that it lives."""

    engine: Engine
    drain: Drain
    ping_seconds: float
    send_seconds: float

    def answers(
        self, prepared: Prepared, variables: Mapping[str, Any] | None, context: object, last_event_id: str | None
    ) -> Answers:
        """The answers to a subscription, after the event that the client saw last."""
        return self.engine.stream(prepared, variables, context, last_event_id or None)

    async def send(
        self,
        answers: Answers,
        receive: Receive,
        send: Send,
        abort: Callable[[], None] | None,
        confirm: Callable[[], Awaitable[object]],
    ) -> None:
        """Send answers until there are no more, the client leaves, or we stop; `abort` cuts off who does not read.

        `confirm` raises a Fault for a client that is no longer welcome, which is then told so.
        """
        await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
        stream = _Stream(receive, send, Heartbeat(self.ping_seconds, self.send_seconds), confirm)
        if self.drain.begun:
            stream.end()
        with self.drain.socket(stream.end):
            if await stream.run(answers):
                with suppress(TimeoutError):
                    async with asyncio.timeout(CLOSE_SECONDS):
                        await send({"type": "http.response.body", "body": b""})
            elif abort is not None:
                abort()
                await departure(receive)


class _Stream:
    """One response under way."""

    def __init__(
        self, receive: Receive, send: Send, heartbeat: Heartbeat, confirm: Callable[[], Awaitable[object]]
    ) -> None:
        self._receive = receive
        self._send = send
        self._heartbeat = heartbeat
        self._confirm = confirm
        self._told = asyncio.Event()
        self._reads = True

    def end(self) -> None:
        """Have the response ended, so that the client comes again, elsewhere."""
        self._told.set()

    async def run(self, answers: Answers) -> bool:
        """Send until something ends it; returns whether the client read what it was sent."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._depart())
                tasks.create_task(self._beat(tasks))
                await self._produce(answers)
        except* Ending:
            pass
        return self._reads

    async def _produce(self, answers: Answers) -> None:
        async with aclosing(answers):
            async for several in answers:
                # Together: one write costs as much as many.
                for portion in portions(several):
                    await self._write(b"".join(map(framed, portion)))
                # What is sent to a client that has left waits for nothing, nor may a source: let us learn of it.
                await asyncio.sleep(0)
        await self._write(COMPLETE)
        raise Ending

    async def _depart(self) -> None:
        await departure(self._receive)
        raise Ending

    async def _beat(self, tasks: asyncio.TaskGroup) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._heartbeat.pause):
                    await self._told.wait()
                    raise Ending
            if self._heartbeat.stalled:
                self._reads = False
                raise Ending
            if self._heartbeat.ask():
                # In a task, for a peer that does not read would keep us from looking.
                tasks.create_task(self._write(COMMENT))
            if self._heartbeat.doubt():
                tasks.create_task(self._look())

    async def _look(self) -> None:
        """See whether the client is still welcome: its key may have been revoked, or its time may be over."""
        try:
            await self._confirm()
        except Unavailable:
            return
        except Fault as fault:
            await self._write(framed(failure_answer(fault)) + COMPLETE)
            raise Ending from None

    async def _write(self, body: bytes) -> None:
        with self._heartbeat.sending():
            await self._send({"type": "http.response.body", "body": body, "more_body": True})


def framed(answer: Answer) -> bytes:
    """An answer as an event; its id is where the stream can be resumed."""
    identity = b"" if answer.cursor is None else b"id: %b\n" % answer.cursor.encode()
    # Stored JSON is passed through with the breaks between its tokens; a frame's data is one line.
    return b"%bevent: next\ndata: %b\n\n" % (identity, answer.body.translate(BREAKS))


async def departure(receive: Receive) -> None:
    """Wait until the client has left."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def only(answer: Answer) -> Answers:
    """The stream of one answer: to a query, a mutation, or what can't be run (no status would reach the client)."""
    yield [answer]
