"""The connections to PostgreSQL: one pool, opened by Tortoise, shared by the models and the hand-written SQL."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from types import TracebackType
from typing import Any, TypeAlias

import asyncpg
from tortoise import Tortoise
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.backends.base.config_generator import expand_db_url

from models import faults
from models.errors import Unavailable
from models.lender import Lender, Lent
from models.metrics import POOL_WAIT
from models.watch import Watch

MODELS = [
    "models.projects",
    "models.traces",
    "models.steps",
    "models.analytics",
    "models.events",
    "models.shared_secrets",
]
MIGRATIONS = "models.migrations"

TEXT_CODECS = ("uuid", "numeric")

SERVER_SETTINGS = {
    "application_name": "tracegraph",
    "timezone": "UTC",
    # Short statements with many parameters: compiling them takes longer than running them.
    "jit": "off",
    # Whoever is cut off no longer needs what PostgreSQL works on.
    "client_connection_check_interval": "1s",
    # So does starting workers, for what ends after a page: only scans of a million rows are worth it.
    "parallel_setup_cost": "100000",
    # Without it the first array parameter costs seconds on a large Citus cluster; plain PostgreSQL ignores it.
    "citus.override_table_visibility": "off",
}

WATCH_SETTINGS = {"application_name": "tracegraph watch"}

Connection: TypeAlias = Lent


@dataclass(frozen=True, kw_only=True, eq=False)
class Database:
    """A pool of connections, each use of which ends within its deadline whatever the server does."""

    pool: Lender
    read_deadline: float
    watch: Watch = field(default_factory=Watch)

    def connection(self, deadline: float | None = None) -> AbstractAsyncContextManager[Connection]:
        """Lend a connection for at most `deadline` seconds, the wait for it included, and while the database answers.

        Raises our errors in place of the driver's (see `models.faults`).
        """
        return Lending(self, self.read_deadline if deadline is None else deadline)

    async def fetch(self, sql: str, *values: Any) -> list[asyncpg.Record]:
        """Run one statement and return its rows."""
        async with self.connection() as connection:
            return await connection.fetch(sql, *values)

    async def fetchrow(self, sql: str, *values: Any) -> asyncpg.Record | None:
        """Run one statement and return its first row."""
        async with self.connection() as connection:
            return await connection.fetchrow(sql, *values)

    async def execute(self, sql: str, *values: Any) -> str:
        """Run one statement and return its command tag."""
        async with self.connection() as connection:
            return await connection.execute(sql, *values)


class Lending:
    """One use of a connection: an asynchronous context manager written out, for every statement passes here."""

    __slots__ = ("_connection", "_database", "_deadline", "_seconds")

    def __init__(self, database: Database, seconds: float) -> None:
        self._database = database
        self._seconds = seconds
        self._connection: Connection | None = None

    async def __aenter__(self) -> Connection:
        """Begin."""
        # What can't begin needs no deadline that could end it.
        self._deadline = self._database.watch.within(self._seconds)
        self._deadline.__enter__()
        try:
            begun = time.perf_counter()
            self._connection = await self._database.pool.acquire()
        except BaseException as error:
            await self.__aexit__(type(error), error, error.__traceback__)
            raise
        POOL_WAIT.observe(time.perf_counter() - begun)
        return self._connection

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End; raises our error in place of the driver's."""
        try:
            self._deadline.__exit__(kind, error, trace)
        except TimeoutError as late:
            error = late
        if self._connection is not None:
            if error is not None and faults.poisons(error):
                # A connection with an unfinished command would make `release` wait for a server that may be frozen.
                _drop(self._connection)
            await self._database.pool.release(self._connection)
        if error is not None and (ours := faults.translated(error)) is not error:
            raise ours from error


@asynccontextmanager
async def open_database(
    url: str, *, connections: int = 20, read_deadline: float = 10.0, models: Sequence[str] = MODELS
) -> AsyncIterator[Database]:
    """Open the pool for the models and for SQL; close it at the end. Raises Unavailable when nobody answers."""
    config = configuration(url, connections=connections, models=models)
    # The context is kept: whoever opens another database in this process meanwhile would make it the current one.
    context = await Tortoise.init(config=config, _enable_global_fallback=True)
    try:
        lender, watch = Lender(await _pool(context.db())), Watch()
        try:
            async with watch.kept(partial(asyncpg.connect, url, server_settings=WATCH_SETTINGS)):
                yield Database(pool=lender, read_deadline=read_deadline, watch=watch)
        finally:
            await lender.close()
    finally:
        await context.close_connections()


async def connect(url: str, name: str) -> asyncpg.Connection[asyncpg.Record]:
    """A connection beside the pool, for work that takes long; PostgreSQL knows it by the name."""
    connection = await asyncpg.connect(url, timeout=5, server_settings=SERVER_SETTINGS | {"application_name": name})
    await _prepare(connection)
    return connection


def configuration(url: str, *, connections: int = 2, models: Sequence[str] = MODELS) -> dict[str, Any]:
    """Describe the database at `url` to Tortoise."""
    connection = expand_db_url(url)
    connection["engine"] = "tortoise.backends.asyncpg"
    connection["credentials"] |= {
        "minsize": 1,
        "maxsize": connections,
        "server_settings": SERVER_SETTINGS,
        "timeout": 5,
        # The driver would close a connection after its 50,000th query, and wait for the server to agree.
        "max_queries": sys.maxsize,
        "init": _prepare,
        "reset": _leave_as_is,
    }
    return {
        "connections": {"default": connection},
        "apps": {"models": {"models": list(models), "migrations": MIGRATIONS, "default_connection": "default"}},
    }


async def _pool(client: BaseDBAsyncClient) -> asyncpg.Pool[asyncpg.Record]:
    try:
        async with asyncio.timeout(10):
            await client.create_connection(with_db=True)
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError) as error:
        message = f"PostgreSQL does not answer: {error}"
        raise Unavailable(message) from error
    pool: asyncpg.Pool[asyncpg.Record] = client._pool  # noqa: SLF001  Tortoise has no public way to its pool
    return pool


def _drop(connection: Connection) -> None:
    # One that was lost has left the pool by itself.
    with suppress(asyncpg.InterfaceError):
        connection.terminate()


async def _prepare(connection: asyncpg.Connection[asyncpg.Record]) -> None:
    # Ids and money travel as text both ways: ids need no objects, and a numeric keeps its digits.
    for name in TEXT_CODECS:
        await connection.set_type_codec(name, schema="pg_catalog", encoder=str, decoder=str, format="text")


async def _leave_as_is(connection: asyncpg.Connection[asyncpg.Record]) -> None:
    """Spare the round trip that resets session state: nothing of ours changes any outside a transaction."""
