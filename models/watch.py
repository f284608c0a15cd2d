"""The watch over PostgreSQL: whether it answers, found out by asking it all the time on a connection of its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import TypeAlias

import asyncpg
import structlog

from models import faults
from models.deadline import Deadline
from models.errors import Unavailable

# Together less than the two seconds within which everybody is to know that the database is away.
PAUSE = 0.25
SILENT = 6  # pauses without an answer

# The question; any answer will do.
ALIVE = "SELECT 1"

Connect: TypeAlias = Callable[[], Awaitable["asyncpg.Connection[asyncpg.Record]"]]

log = structlog.get_logger()


class Watch:
    """Refuses at once who comes while the database is away, and interrupts who was at work when it went.

    With nothing but deadlines everybody would find out alone, and late: a query may take seconds for good reasons. The
    connection is none of the pool's, so that a busy pool is not taken for a silent server.
    """

    def __init__(self) -> None:
        self._away = False
        self._pauses = 0  # since the last answer
        self._inside: set[Deadline] = set()
        self._listeners: dict[str, Callable[[], None]] = {}

    def listen(self, channel: str, news: Callable[[], None]) -> None:
        """Call `news` at every notification of a channel, and whenever some may have been missed."""
        self._listeners[channel] = news

    def within(self, seconds: float) -> Deadline:
        """Run the body for so many seconds at most, and no longer than the database answers.

        Raises TimeoutError when it is interrupted, Unavailable when there is no use in beginning.
        """
        if self._away:
            raise Unavailable
        return Deadline(seconds, self._inside)

    @asynccontextmanager
    async def kept(self, connect: Connect) -> AsyncIterator[None]:
        """Watch for as long as the body takes."""
        watching = asyncio.create_task(self._watch(connect))
        try:
            yield
        finally:
            watching.cancel()
            with suppress(asyncio.CancelledError):
                await watching

    async def _watch(self, connect: Connect) -> None:
        while True:
            asking = asyncio.create_task(self._ask(connect))
            try:
                await self._wait(asking)
            finally:
                asking.cancel()
                await asyncio.gather(asking, return_exceptions=True)

    async def _wait(self, asking: asyncio.Task[None]) -> None:
        """Count the pauses without an answer; a pause is one however long our own loop was busy meanwhile."""
        while not asking.done():
            await asyncio.wait({asking}, timeout=PAUSE)
            self._pauses += 1
            if self._pauses > SILENT:
                self._note(away=True)
                return

    async def _ask(self, connect: Connect) -> None:
        """Ask until the connection is lost: that says little before another one was tried."""
        try:
            connection = await connect()
        except faults.TROUBLE as error:
            self._note(away=faults.is_silence(error))
            await asyncio.sleep(PAUSE)
            return
        heard: set[str] = set()
        try:
            while True:
                await connection.execute(ALIVE)
                await self._hear(connection, heard)
                self._note(away=False)
                await asyncio.sleep(PAUSE)
        except faults.TROUBLE:
            return
        finally:
            # Closing in good order would wait for a server that may be frozen.
            connection.terminate()

    async def _hear(self, connection: asyncpg.Connection[asyncpg.Record], heard: set[str]) -> None:
        for channel in self._listeners.keys() - heard:
            await connection.add_listener(channel, self._pass_on)
            heard.add(channel)
            self._listeners[channel]()

    def _pass_on(self, _connection: object, _process: int, channel: str, _payload: object) -> None:
        self._listeners[channel]()

    def _note(self, *, away: bool) -> None:
        self._pauses = 0
        if away != self._away:
            self._away = away
            log.warning("PostgreSQL does not answer" if away else "PostgreSQL answers again", at_work=len(self._inside))
        if away:
            for deadline in self._inside:
                deadline.cut()
