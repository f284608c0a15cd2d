"""A server that breaks the promise on purpose: it tells what Redis brings, and never looks for what is missing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace

from pubsub.broker import Broker
from pubsub.errors import StreamDown
from pubsub.event import Event
from pubsub.log import events_of
from pubsub.stream import Stream
from server.application import Resources
from tests.fakes.serving import serve

PAUSE = 0.1


class ForgetfulBroker:
    """Announces like an honest one; who follows is told what comes, with whatever gaps."""

    def __init__(self, honest: Broker, stream: Stream) -> None:
        self._honest = honest
        self._stream = stream

    async def publish(self, project_id: str, first_pos: int, last_pos: int, payload: str) -> None:
        await self._honest.publish(project_id, first_pos, last_pos, payload)

    async def head(self, project_id: str) -> int:
        return await self._honest.head(project_id)

    async def follow(self, project_id: str, after: int | None = None) -> AsyncGenerator[Sequence[Event], None]:
        position = after or 0
        while True:
            try:
                announced = await self._stream.read({project_id: position})
            except StreamDown:
                await asyncio.sleep(PAUSE)  # nobody tells when Redis is back
                continue
            for _, commit in announced:
                position = commit[1]
                yield events_of(commit)


def forgetful(resources: Resources) -> Resources:
    """The same resources with a forgetful broker."""
    broker = ForgetfulBroker(resources.broker, resources.broker.sender.stream)
    return replace(resources, admission=replace(resources.admission, broker=broker))


if __name__ == "__main__":
    serve(forgetful)
