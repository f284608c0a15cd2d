"""A database that notes the statements it runs, one that falters, and one that goes away after a while."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import asyncpg

from models.database import Connection, Database
from models.errors import Unavailable


@dataclass(frozen=True, kw_only=True)
class NotingDatabase(Database):
    """The pool of a real database, and every statement that went through `fetch`, `fetchrow` and `execute`."""

    statements: list[str] = field(default_factory=list, compare=False)

    async def fetch(self, sql: str, *values: Any) -> list[asyncpg.Record]:
        self.statements.append(sql)
        return await super().fetch(sql, *values)

    async def fetchrow(self, sql: str, *values: Any) -> asyncpg.Record | None:
        self.statements.append(sql)
        return await super().fetchrow(sql, *values)

    async def execute(self, sql: str, *values: Any) -> str:
        self.statements.append(sql)
        return await super().execute(sql, *values)


@dataclass(frozen=True, kw_only=True)
class FalteringDatabase(Database):
    """The pool of a real database that is away for the first few reads."""

    away: list[Unavailable] = field(default_factory=list, compare=False)

    async def fetch(self, sql: str, *values: Any) -> list[asyncpg.Record]:
        if self.away:
            raise self.away.pop()
        return await super().fetch(sql, *values)


@dataclass(frozen=True, kw_only=True)
class RationedDatabase(Database):
    """The pool of a real database that goes away after it has lent a connection so many times."""

    rations: list[int] = field(default_factory=list, compare=False)

    @asynccontextmanager
    async def connection(self, deadline: float | None = None) -> AsyncIterator[Connection]:
        if not self.rations:
            raise Unavailable
        self.rations.pop()
        async with super().connection(deadline) as connection:
            yield connection


def rationed(database: Database, times: int) -> RationedDatabase:
    """The same database, for so many times."""
    return RationedDatabase(pool=database.pool, read_deadline=database.read_deadline, rations=[*range(times)])


def noting(database: Database) -> NotingDatabase:
    """The same database, taking notes from now on."""
    return NotingDatabase(pool=database.pool, read_deadline=database.read_deadline)
