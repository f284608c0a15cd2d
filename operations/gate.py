"""The gate: so many operations at once, a few that wait a moment for their turn, and a cheap refusal for the rest."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from models.deadline import Deadline
from models.errors import Overloaded

# So many refusals take their time; what is more is told at once, for each that waits has its request in memory.
HELD = 256


@dataclass(frozen=True, kw_only=True)
class Width:
    """How many may be inside, how many may wait, and for how many seconds; and how many seconds a refusal takes."""

    inside: int
    waiting: int
    patience: float = 1.0
    refusal: float = 0.0


class Gate:
    """Keeps queries from taking everything: what a process can't do soon it refuses before it costs anything."""

    def __init__(self, width: Width) -> None:
        self._width = width
        self._turns = asyncio.Semaphore(width.inside)
        self._waiting = 0
        self._refused = 0

    async def __aenter__(self) -> None:
        """Go in. Raises Overloaded when too many wait already, or when the wait was too long."""
        if self._turns.locked():
            await self._wait()
        else:
            await self._turns.acquire()

    async def __aexit__(self, *_: object) -> None:
        """Leave."""
        self._turns.release()

    async def _wait(self) -> None:
        if self._waiting >= self._width.waiting:
            await self._refuse()
            raise Overloaded(retry_after=self._width.patience)
        self._waiting += 1
        try:
            with Deadline(self._width.patience):
                await self._turns.acquire()
        except TimeoutError:
            raise Overloaded(retry_after=self._width.patience) from None
        finally:
            self._waiting -= 1

    async def _refuse(self) -> None:
        """Take time: who is refused at once may ask again at once, and then refusing is all that is done here."""
        if self._refused >= HELD:
            return
        self._refused += 1
        try:
            await asyncio.sleep(self._width.refusal)
        finally:
            self._refused -= 1
