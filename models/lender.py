"""Connections that are lent and come back: a pool whose connections need nothing done to them in between."""

from __future__ import annotations

from typing import TypeAlias

import asyncpg

Lent: TypeAlias = "asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"


class Lender:
    """Lends the connections of a pool, the one that came back last first.

    The driver's pool hands each connection back by a task of its own: two more turns of the loop for every statement,
    half of what a small one costs. Those that come back wait here instead, unless somebody waits for the pool.
    """

    def __init__(self, pool: asyncpg.Pool[asyncpg.Record]) -> None:
        self._pool = pool
        self._idle: list[Lent] = []
        self._waiting = 0

    async def acquire(self) -> Lent:
        """A connection that is open, as far as anybody knows."""
        while self._idle:
            connection = self._idle.pop()
            if not _is_gone(connection):
                return connection
            await self._pool.release(connection)
        self._waiting += 1
        try:
            return await self._pool.acquire()
        finally:
            self._waiting -= 1

    async def release(self, connection: Lent) -> None:
        """Take a connection back."""
        if self._waiting or _is_gone(connection):
            await self._pool.release(connection)
        else:
            self._idle.append(connection)

    async def close(self) -> None:
        """Give the pool back what is its own."""
        while self._idle:
            await self._pool.release(self._idle.pop())

    def get_size(self) -> int:
        """How many connections there are."""
        return self._pool.get_size()

    def get_idle_size(self) -> int:
        """How many of them nobody uses."""
        return self._pool.get_idle_size() + len(self._idle)

    def terminate(self) -> None:
        """Close all connections at once, whoever uses them."""
        self._pool.terminate()


def _is_gone(connection: Lent) -> bool:
    try:
        return connection.is_closed()
    except asyncpg.InterfaceError:  # it has left the pool
        return True
