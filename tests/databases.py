"""Databases for tests: an empty one for each, cloned from a migrated template, and a Redis database that was empty."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from urllib.parse import urlsplit

import asyncpg
from redis import Redis

REDIS_DATABASES = 16


@asynccontextmanager
async def cloned_database(server_url: str, template: str = "template1") -> AsyncIterator[str]:
    """The URL of a new database on this server, dropped afterwards together with whoever is still connected."""
    name = f"tracegraph_test_{secrets.token_hex(6)}"
    await _run(server_url, f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    try:
        yield within_server(server_url, name)
    finally:
        await _run(server_url, f'DROP DATABASE "{name}" WITH (FORCE)')


@contextmanager
def empty_redis(server_url: str) -> Iterator[str]:
    """The URL of a database of this Redis that holds nothing; it is emptied again afterwards.

    Raises LookupError rather than empty one that somebody uses.
    """
    for number in range(REDIS_DATABASES):
        url = within_server(server_url, str(number))
        with Redis.from_url(url) as redis:
            if redis.dbsize() == 0:
                yield url
                redis.flushdb()
                return
    message = "no database of this Redis is empty, and tests empty the one they use"
    raise LookupError(message)


def name_of(database_url: str) -> str:
    """The name of the database that a URL points to."""
    return urlsplit(database_url).path.removeprefix("/")


def within_server(server_url: str, database: str) -> str:
    """The URL of another database on the same server."""
    return urlsplit(server_url)._replace(path=f"/{database}").geturl()


async def _run(server_url: str, statement: str) -> None:
    connection = await asyncpg.connect(server_url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
