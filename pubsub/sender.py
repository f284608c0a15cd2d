"""Announcing commits in Redis without letting anybody wait for Redis."""

import asyncio
from collections import deque

from pubsub.errors import StreamDown
from pubsub.stream import Announcement, Stream

LIMIT_BYTES = 8 * 2**20
BATCH = 256


class Sender:
    """A bounded queue and the one task that empties it.

    What does not fit, and what Redis does not take, is dropped: the log has it, and readers look there.
    """

    def __init__(self, stream: Stream) -> None:
        self.stream = stream
        self._waiting: deque[Announcement] = deque()
        self._bytes = 0
        self._filled = asyncio.Event()
        self._emptied = asyncio.Event()
        self._emptied.set()

    def offer(self, announcement: Announcement) -> None:
        """Queue an announcement if there is room."""
        size = len(announcement[1][2])
        if self._bytes + size > LIMIT_BYTES:
            return
        self._waiting.append(announcement)
        self._bytes += size
        self._filled.set()
        self._emptied.clear()

    async def run(self) -> None:
        """Send what is queued, until cancelled."""
        while True:
            await self._filled.wait()
            try:
                await self.stream.add(self._take())
            except StreamDown:
                self._waiting.clear()
                self._bytes = 0
            if not self._waiting:
                self._filled.clear()
                self._emptied.set()

    async def empty(self) -> None:
        """Wait until nothing is queued or on its way."""
        await self._emptied.wait()

    def _take(self) -> list[Announcement]:
        taken = [self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))]
        self._bytes -= sum(len(commit[2]) for _, commit in taken)
        return taken
