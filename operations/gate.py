"""The gate: so many operations at once, a few that wait a moment for their turn, and a quick refusal for the rest."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from models.errors import Overloaded


@dataclass(frozen=True, kw_only=True)
class Width:
    """How many may be inside, how many may wait, and for how many seconds."""

    inside: int
    waiting: int
    patience: float = 1.0


class Gate:
    """Keeps queries from taking everything: what a process can't do soon it refuses before it costs anything."""

    def __init__(self, width: Width) -> None:
        self._width = width
        self._turns = asyncio.Semaphore(width.inside)
        self._waiting = 0

    @asynccontextmanager
    async def passed(self) -> AsyncIterator[None]:
        """Run the body inside. Raises Overloaded when too many wait already, or when the wait was too long."""
        await self._pass()
        try:
            yield
        finally:
            self._turns.release()

    async def _pass(self) -> None:
        if self._turns.locked() and self._waiting >= self._width.waiting:
            raise Overloaded(retry_after=self._width.patience)
        self._waiting += 1
        try:
            async with asyncio.timeout(self._width.patience):
                await self._turns.acquire()
        except TimeoutError:
            raise Overloaded(retry_after=self._width.patience) from None
        finally:
            self._waiting -= 1
