"""Announcing commits and following them: the one interface, and what lies behind it in production."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Protocol

from pubsub.errors import CursorExpired, CursorInvalid, StreamDown
from pubsub.event import Event
from pubsub.feed import Feeds
from pubsub.log import Log, next_events
from pubsub.mender import CHUNK_EVENTS, Mender
from pubsub.reader import Reader
from pubsub.sender import Sender
from pubsub.stream import TIMEOUT, Stream, open_stream
from pubsub.supervision import in_background

PULSE_SECONDS = 5.0
RING_BYTES = 64 * 2**20
RETRY_SECONDS = 0.25


class Broker(Protocol):
    """Where commits are announced and followed."""

    async def publish(self, project_id: str, first_pos: int, last_pos: int, payload: str) -> None:
        """Announce the events of one commit, as written by `pubsub.event.encode`.

        Called after the commit; never raises and never waits for anybody.
        """
        ...

    async def head(self, project_id: str) -> int:
        """The last position of a project; 0 when nothing has happened yet. Raises what the log raises."""
        ...

    def follow(self, project_id: str, after: int | None = None) -> AsyncGenerator[Sequence[Event], None]:
        """Every event of a project after a position (None: from now on), once, in order, in chunks, without end.

        An empty chunk is a pulse: it comes every few seconds, whatever else comes. Close the generator to leave (with
        `contextlib.aclosing`). Raises CursorInvalid for a position that does not exist yet, CursorExpired when the next
        event is no longer kept; at the start also what the log raises when the database is down (later it waits).
        """
        ...


class RedisBroker:
    """The broker of a process that shares nothing with the others but PostgreSQL and Redis."""

    def __init__(self, stream: Stream, log: Log, *, pulse: float = PULSE_SECONDS, ring_bytes: int = RING_BYTES) -> None:
        self._stream = stream
        self._log = log
        self._pulse = pulse
        self.feeds = Feeds(ring_bytes)
        self.sender = Sender(stream)

    async def publish(self, project_id: str, first_pos: int, last_pos: int, payload: str) -> None:
        """Announce a commit; those who follow in this process have it at once, Redis or not."""
        commit = (first_pos, last_pos, payload)
        self.feeds.offer(project_id, commit)
        self.sender.offer((project_id, commit))

    async def head(self, project_id: str) -> int:
        """The last position of a project, as the log has it."""
        return await self._log.head(project_id)

    async def follow(self, project_id: str, after: int | None = None) -> AsyncGenerator[Sequence[Event], None]:
        """Follow a project: from the ring, from Redis when the ring is past that, from the log when Redis is too."""
        head = await self._log.head(project_id)
        position = head if after is None else after
        if position > head:
            raise CursorInvalid("Nothing has happened at this position yet.")
        time = asyncio.get_running_loop().time
        pulse = time() + self._pulse
        with self.feeds.following(project_id, head) as feed:
            while True:
                events = feed.ring.after(position, CHUNK_EVENTS)
                if events is None:
                    events = await self._past_events(project_id, position)
                if events:
                    position = events[-1].position
                    yield events
                else:
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout_at(pulse):
                            await feed.changed()
                if time() >= pulse:
                    pulse = time() + self._pulse
                    yield ()

    async def _past_events(self, project_id: str, position: int) -> list[Event]:
        """The next events after a position that is no longer in the ring, so there are some."""
        with contextlib.suppress(StreamDown, ValueError):
            events = next_events(await self._stream.range(project_id, position), position)
            if events:
                return events
        while True:
            try:
                commits = await self._log.read(project_id, position, CHUNK_EVENTS)
            except self._log.trouble:
                await asyncio.sleep(RETRY_SECONDS)
                continue
            events = next_events(commits, position)
            if not events:
                raise CursorExpired("The events after this position are no longer kept.")
            return events


@asynccontextmanager
async def open_broker(
    url: str, log: Log, *, pulse: float = PULSE_SECONDS, ring_bytes: int = RING_BYTES
) -> AsyncIterator[RedisBroker]:
    """Run the broker of this process over the Redis at `url`, which may be down; at the end announce what is queued."""
    async with open_stream(url) as stream:
        broker = RedisBroker(stream, log, pulse=pulse, ring_bytes=ring_bytes)
        works = (broker.sender.run, Reader(stream, broker.feeds).run, Mender(stream, broker.feeds, log).run)
        async with in_background(*works):
            yield broker
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(TIMEOUT):
                    await broker.sender.empty()
