"""Noticing that a client has left while its query runs."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Self

from starlette.types import Receive

from server.body import ClientGone

# Most queries are over by then, and never pay for a watcher.
UNWATCHED_SECONDS = 0.05


class Departure:
    """Cancels the body of an `async with` when the client leaves; raises ClientGone in its place."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._gone = False
        self._watcher: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Begin to watch, but not at once."""
        loop = asyncio.get_running_loop()
        self._task = asyncio.current_task()
        self._timer = loop.call_later(UNWATCHED_SECONDS, self._watch)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop watching."""
        self._timer.cancel()
        if self._watcher is not None:
            self._watcher.cancel()
        # Told from a cancellation of our own task in the way of `asyncio.timeout`.
        if self._gone and self._task is not None and self._task.uncancel() <= 0 and kind is asyncio.CancelledError:
            raise ClientGone from error

    def _watch(self) -> None:
        self._watcher = asyncio.get_running_loop().create_task(self._wait())

    async def _wait(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self._gone = True
        if self._task is not None:
            self._task.cancel()
