"""Filling the rings with what Redis did not bring, from the log in the database."""

import asyncio
import contextlib

from pubsub.feed import Feed, Feeds
from pubsub.log import Log
from pubsub.stream import Stream

LOOK_SECONDS = 0.5  # an announcement that got lost, with none after it, is noticed at the second look
LOOK_SECONDS_ALONE = 0.25  # while Redis is down
CHUNK_EVENTS = 1_000


class Mender:
    """The one task that reads the log for the feeds: at a gap, and regularly for commits that nothing announced."""

    def __init__(self, stream: Stream, feeds: Feeds, log: Log) -> None:
        self._stream = stream
        self._feeds = feeds
        self._log = log
        self._next_look = 0.0

    async def run(self) -> None:
        """Mend until cancelled; while the database is down, try again now and then."""
        while True:
            await self._feeds.somebody()
            await self._pause()
            try:
                await self._mend()
            except self._log.trouble:
                await asyncio.sleep(LOOK_SECONDS_ALONE)

    async def _pause(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout_at(self._next_look):
                await self._feeds.incomplete.wait()
        self._feeds.incomplete.clear()

    async def _mend(self) -> None:
        now = asyncio.get_running_loop().time()
        look = now >= self._next_look or not self._stream.healthy
        if look:
            self._next_look = now + (LOOK_SECONDS if self._stream.healthy else LOOK_SECONDS_ALONE)
        for project_id, feed in self._feeds.items():
            if look:
                await self._look(project_id, feed)
            await self._fill(project_id, feed)

    async def _look(self, project_id: str, feed: Feed) -> None:
        head = await self._log.head(project_id)
        # What was committed before the last look and is still not here will not come from Redis any more.
        if feed.ring.last < feed.head_seen or not self._stream.healthy:
            feed.wanted = max(feed.wanted, head)
        feed.head_seen = head

    async def _fill(self, project_id: str, feed: Feed) -> None:
        while feed.followers and not feed.complete:
            position = feed.ring.last
            commits = await self._log.read(project_id, position, CHUNK_EVENTS)
            first = commits[0][0] if commits else feed.wanted + 1
            if first > feed.ring.last + 1:
                feed.skip(first - 1)
            for commit in commits:
                feed.offer(commit, self._feeds.ring_bytes)
            if feed.ring.last == position:
                raise ValueError(f"The log of project {project_id} can't be read after position {position}.")
