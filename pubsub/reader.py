"""Following all projects that anybody follows in this process, by one blocking read of Redis."""

import asyncio

from pubsub.errors import StreamDown
from pubsub.feed import Feeds
from pubsub.stream import Stream


class Reader:
    """The one task that reads from Redis and passes on to the feeds."""

    def __init__(self, stream: Stream, feeds: Feeds) -> None:
        self._stream = stream
        self._feeds = feeds

    async def run(self) -> None:
        """Read until cancelled; while Redis is down, try again now and then."""
        while True:
            await self._feeds.somebody()
            # From `wanted`, not from the end of the ring: a gap is filled from the log, not by reading once more.
            positions = {project_id: feed.wanted for project_id, feed in self._feeds.items()}
            try:
                announcements = await self._stream.read(positions)
            except StreamDown:
                self._feeds.incomplete.set()
                await asyncio.sleep(self._stream.pause)
                continue
            for project_id, commit in announcements:
                self._feeds.offer(project_id, commit)
