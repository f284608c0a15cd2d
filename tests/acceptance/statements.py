"""Every statement that goes to PostgreSQL, as the driver sees it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from asyncpg.connection import LoggedQuery

from models.database import Database, open_database

# Once this is noted, so is everything before it.
MARK = "SELECT 'noted'"


@dataclass(frozen=True, kw_only=True)
class CountedDatabase:
    """A database with a single connection, whose statements are noted."""

    database: Database
    noted: list[str] = field(default_factory=list)
    marked: asyncio.Event = field(default_factory=asyncio.Event)

    def note(self, statement: LoggedQuery) -> None:
        """Called by the driver after each statement, ours or its own."""
        if statement.query == MARK:
            self.marked.set()
        else:
            self.noted.append(statement.query)

    async def taken(self) -> list[str]:
        """The notes so far, which begin anew; the driver hands each over some turns of the loop after its statement."""
        self.marked.clear()
        await self.database.execute(MARK)
        await self.marked.wait()
        taken = list(self.noted)
        self.noted.clear()
        return taken


@asynccontextmanager
async def open_counted(url: str) -> AsyncIterator[CountedDatabase]:
    """Open a database and note whatever is sent to it.

    There is one connection, since notes are taken of each. The driver asks for a type once per connection: run what
    you count before you count it.
    """
    async with open_database(url, connections=1) as database:
        counted = CountedDatabase(database=database)
        async with database.connection() as connection:
            connection.add_query_logger(counted.note)
        yield counted
