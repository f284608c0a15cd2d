"""Draining: a server that was told to stop says so, sends its sockets elsewhere one by one, and only then stops."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Drain:
    """Whether this process is on its way out, and how to end the sockets that are open, within so many seconds."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.begun = False
        self._sockets: dict[object, Callable[[], None]] = {}
        self._empty = asyncio.Event()
        self._empty.set()

    @property
    def sockets(self) -> int:
        """How many sockets are open."""
        return len(self._sockets)

    @contextmanager
    def socket(self, end: Callable[[], None]) -> Iterator[None]:
        """Count a socket while it is open; `end` asks it to close."""
        token = object()
        self._sockets[token] = end
        self._empty.clear()
        try:
            yield
        finally:
            del self._sockets[token]
            if not self._sockets:
                self._empty.set()

    async def run(self) -> None:
        """End all sockets, evenly over half of the time so that they don't all come back at once; wait for the rest."""
        self.begun = True
        try:
            async with asyncio.timeout(self.seconds):
                await self._spread(self.seconds / 2)
                await self._empty.wait()
        except TimeoutError:
            return

    async def _spread(self, seconds: float) -> None:
        ends = list(self._sockets.values())
        for end in ends:
            end()
            await asyncio.sleep(min(seconds / len(ends), 0.01))
