"""A server that breaks the promise on purpose: who comes back is told what is younger than what it saw last."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import replace
from datetime import UTC, datetime

from pubsub.broker import Broker
from pubsub.event import Event
from server.application import Resources
from tests.fakes.serving import serve

NEVER = datetime.min.replace(tzinfo=UTC)


class DatedBroker:
    """Resumes by the time of an event in place of its position; times are shared, and don't grow with positions."""

    def __init__(self, honest: Broker) -> None:
        self._honest = honest

    async def publish(self, project_id: str, first_pos: int, last_pos: int, payload: str) -> None:
        await self._honest.publish(project_id, first_pos, last_pos, payload)

    async def head(self, project_id: str) -> int:
        return await self._honest.head(project_id)

    async def follow(self, project_id: str, after: int | None = None) -> AsyncGenerator[Sequence[Event], None]:
        seen = await self._time_of(project_id, after) if after else NEVER
        async with aclosing(self._honest.follow(project_id, 0)) as chunks:
            async for chunk in chunks:
                yield [event for event in chunk if event.occurred_at > seen]

    async def _time_of(self, project_id: str, position: int) -> datetime:
        async with aclosing(self._honest.follow(project_id, position - 1)) as chunks:
            async for chunk in chunks:
                if chunk:
                    return chunk[0].occurred_at
        return NEVER


def dated(resources: Resources) -> Resources:
    """The same resources with a dated broker."""
    return replace(resources, admission=replace(resources.admission, broker=DatedBroker(resources.broker)))


if __name__ == "__main__":
    serve(dated)
