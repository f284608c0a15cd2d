"""A database that notes the statements it runs, and one that falters."""

from dataclasses import dataclass, field
from typing import Any

import asyncpg

from models.database import Database
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


def noting(database: Database) -> NotingDatabase:
    """The same database, taking notes from now on."""
    return NotingDatabase(pool=database.pool, read_deadline=database.read_deadline)
