"""A follower as a test sees it: what it has seen so far, and a way to wait until it has seen enough."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing, asynccontextmanager

from pubsub.broker import Broker
from pubsub.event import Event

PATIENCE = 30.0


class Follower:
    """Follows a project in a task of its own."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.pulses = 0
        self._news = asyncio.Condition()

    @property
    def positions(self) -> list[int]:
        return [event.position for event in self.events]

    async def follow(self, broker: Broker, project_id: str, after: int | None) -> None:
        async with aclosing(broker.follow(project_id, after)) as chunks:
            async for chunk in chunks:
                async with self._news:
                    self.take(chunk)
                    self._news.notify_all()

    def take(self, chunk: Sequence[Event]) -> None:
        self.events += chunk
        self.pulses += not chunk

    async def reaches(self, position: int) -> list[int]:
        """Everything it has seen, as soon as that includes a position."""
        await self._until(lambda: self.events and self.events[-1].position >= position)
        return self.positions

    async def pulsed(self, times: int) -> None:
        await self._until(lambda: self.pulses >= times)

    async def _until(self, seen: Callable[[], object]) -> None:
        async with asyncio.timeout(PATIENCE), self._news:
            await self._news.wait_for(seen)


@asynccontextmanager
async def following(broker: Broker, project_id: str, after: int | None = 0) -> AsyncIterator[Follower]:
    """A follower that has joined; fails when it fails."""
    follower = Follower()
    async with asyncio.TaskGroup() as group:
        task = group.create_task(follower.follow(broker, project_id, after))
        yield follower
        task.cancel()
