"""Exporting: what a selection chooses, read in one snapshot over a connection of its own, and written out as a file."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final, TypeAlias

import asyncpg

from export.bookmark import Bookmark
from export.encoder import Encoder, Lines, Sheet
from export.fields import Field, fields_of
from export.parquet import Table
from export.selection import ExportFormat, Selection
from export.statements import UNSORTED, Statement, counting, statement
from models.database import Database, connect
from models.errors import Overloaded
from models.faults import translated

Write: TypeAlias = Callable[[bytes], Awaitable[None]]
Progress: TypeAlias = Callable[[int], None]
Session: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

# So much is encoded at once, beside the event loop.
BITE: Final = 256 * 1024
RETRY_SECONDS: Final = 5.0
ENCODERS: Final[Mapping[ExportFormat, Callable[[Sequence[Field]], Encoder]]] = {
    ExportFormat.NDJSON: Lines,
    ExportFormat.CSV: Sheet,
    ExportFormat.PARQUET: Table,
}


@dataclass(frozen=True, kw_only=True)
class Part:
    """Which part of an export: what comes after a bookmark, and so many rows at most."""

    after: Bookmark | None = None
    limit: int | None = None


WHOLE: Final = Part()


@dataclass(kw_only=True)
class Exporter:
    """Runs a few exports at a time, each on a connection of its own that ends after so many seconds.

    An export is one long read: PostgreSQL can't clean up what was deleted since it began. So none is unlimited, and
    none takes a connection from the pool that everybody else shares.
    """

    database: Database
    url: str
    connections: int
    seconds: float
    _running: int = field(default=0, init=False)

    async def export(
        self, selection: Selection, write: Write, part: Part = WHOLE, progress: Progress | None = None
    ) -> int:
        """Write a part of what a selection chooses; returns the number of rows, of which `progress` hears meanwhile.

        Waits for `write`: nothing is read that nobody takes. Raises Overloaded when too many exports run already,
        Unavailable when the database goes or the time is over, and whatever `write` raises.
        """
        encoder = ENCODERS[selection.format](fields_of(selection.kind, selection.fields))
        async with self._snapshot() as session:
            if selection.is_whole:
                await session.execute(UNSORTED)
            rows = 0
            for project, after in _projects(selection, part.after):
                left = None if part.limit is None else part.limit - rows
                copier = _Copier(encoder, write, project, progress)
                rows += await copier.copy(session, statement(selection, project, after, left))
            await write(await asyncio.to_thread(encoder.closing, rows))
        return rows

    async def count(self, selection: Selection, part: Part = WHOLE) -> int:
        """How many rows `export` would write now."""
        async with self._snapshot() as session:
            total = 0
            for project, after in _projects(selection, part.after):
                left = None if part.limit is None else part.limit - total
                query = counting(selection, project, after, left)
                total += await session.fetchval(query.sql, *query.values)
        return total

    @asynccontextmanager
    async def _snapshot(self) -> AsyncIterator[Session]:
        if self._running >= self.connections:
            message = f"{self._running} exports are running, and there is no connection for another one."
            raise Overloaded(message, retry_after=RETRY_SECONDS)
        self._running += 1
        session = None
        try:
            with self.database.watch.within(self.seconds):
                session = await connect(self.url, "tracegraph export")
                async with session.transaction(isolation="repeatable_read", readonly=True):
                    yield session
        except Exception as error:
            ours = translated(error)
            if ours is error:
                raise
            raise ours from error
        finally:
            self._running -= 1
            if session is not None:
                # Closing in good order would wait for a server that may be sending still.
                session.terminate()


class _Copier:
    """Passes on what COPY sends, in bites."""

    def __init__(self, encoder: Encoder, write: Write, project: str, progress: Progress | None) -> None:
        self._encoder = encoder
        self._write = write
        self._project = project.encode()
        self._progress = progress
        self._waiting: list[bytes] = []
        self._size = 0

    async def copy(self, session: Session, query: Statement) -> int:
        """Run the statement; returns how many rows there were."""
        # The driver has no parameters for COPY: PostgreSQL itself makes quoted literals of the values.
        told = await session.copy_from_query(query.sql, *query.values, output=self._take, **query.options)
        if self._waiting:
            await self._pass_on()
        return int(told.split()[1])

    async def _take(self, copied: bytes) -> None:
        """Keep some whole rows; the driver reads on when this is done."""
        self._waiting.append(copied)
        self._size += len(copied)
        if self._size >= BITE:
            await self._pass_on()

    async def _pass_on(self) -> None:
        copied = b"".join(self._waiting)
        self._waiting, self._size = [], 0
        encoded = await asyncio.to_thread(self._encoder.rows, copied)
        if self._progress is not None:
            # Each row has its project among its keys; whoever writes that id elsewhere too makes us seem faster.
            self._progress(copied.count(self._project))
        if encoded:
            await self._write(encoded)


def _projects(selection: Selection, after: Bookmark | None) -> list[tuple[str, Bookmark | None]]:
    """The projects that are still to be read, in order, each with where to begin in it."""
    if after is None:
        return [(project, None) for project in sorted(selection.projects)]
    left = sorted(project for project in selection.projects if project >= after[0])
    return [(project, after if project == after[0] else None) for project in left]
