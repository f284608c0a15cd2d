"""The watch over PostgreSQL: whether it answers, found out by asking it all the time on a connection of its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import TypeAlias, TypeVar

import asyncpg
import structlog

from models import faults
from models.errors import Unavailable

# Together less than the two seconds within which everybody is to know that the database is away.
PAUSE = 0.25
PATIENCE = 1.25
# What may have come while our own loop was busy is read in this time.
GRACE = 0.1

# The question; any answer will do.
ALIVE = "SELECT 1"

Connect: TypeAlias = Callable[[], Awaitable["asyncpg.Connection[asyncpg.Record]"]]
Answer = TypeVar("Answer")

log = structlog.get_logger()


class Watch:
    """Refuses at once who comes while the database is away, and interrupts who was at work when it went.

    With nothing but deadlines everybody would find out alone, and late: a query may take seconds for good reasons. The
    connection is none of the pool's, so that a busy pool is not taken for a silent server.
    """

    def __init__(self) -> None:
        self._away = False
        self._limits: set[asyncio.Timeout] = set()
        self._listeners: dict[str, Callable[[], None]] = {}

    def listen(self, channel: str, news: Callable[[], None]) -> None:
        """Call `news` at every notification of a channel, and whenever some may have been missed."""
        self._listeners[channel] = news

    @asynccontextmanager
    async def within(self, seconds: float) -> AsyncIterator[None]:
        """Run the body for so many seconds at most, and no longer than the database answers.

        Raises TimeoutError when it is interrupted, Unavailable when there is no use in beginning.
        """
        if self._away:
            raise Unavailable
        async with asyncio.timeout(seconds) as limit:
            self._limits.add(limit)
            try:
                yield
            finally:
                self._limits.discard(limit)

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
            try:
                connection = await _in_time(connect())
            except faults.TROUBLE as error:
                self._note(away=faults.is_silence(error))
            else:
                await self._ask(connection)
            await asyncio.sleep(PAUSE)

    async def _ask(self, connection: asyncpg.Connection[asyncpg.Record]) -> None:
        """Ask until nobody answers, or the connection is lost: that says little before another one was tried."""
        heard: set[str] = set()
        try:
            while True:
                await _in_time(self._answer(connection, heard))
                self._note(away=False)
                await asyncio.sleep(PAUSE)
        except TimeoutError:
            self._note(away=True)
        except faults.TROUBLE:
            return
        finally:
            # Closing in good order would wait for a server that may be frozen.
            connection.terminate()

    async def _answer(self, connection: asyncpg.Connection[asyncpg.Record], heard: set[str]) -> None:
        await connection.execute(ALIVE)
        for channel in self._listeners.keys() - heard:
            await connection.add_listener(channel, self._pass_on)
            heard.add(channel)
            self._listeners[channel]()

    def _pass_on(self, _connection: object, _process: int, channel: str, _payload: object) -> None:
        self._listeners[channel]()

    def _note(self, *, away: bool) -> None:
        if away != self._away:
            self._away = away
            log.warning("PostgreSQL does not answer" if away else "PostgreSQL answers again", at_work=len(self._limits))
        if away:
            now = asyncio.get_running_loop().time()
            for limit in self._limits:
                if not limit.expired():
                    limit.reschedule(now)


async def _in_time(asked: Awaitable[Answer]) -> Answer:
    """What is answered; raises TimeoutError where PostgreSQL is silent, not where our own loop was busy meanwhile."""
    asking = asyncio.ensure_future(asked)
    try:
        for patience in (PATIENCE, GRACE):
            if (await asyncio.wait({asking}, timeout=patience))[0]:
                return asking.result()
        raise TimeoutError
    finally:
        asking.cancel()
