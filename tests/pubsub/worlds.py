"""Where brokers live in tests: commits are written and announced, together or apart, as in a server or in a crash."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

from redis.asyncio import Redis

from models.database import Database
from pubsub.broker import Broker, RedisBroker, open_broker
from pubsub.log import Commit, Log
from pubsub.memory import MemoryBroker
from pubsub.stream import key_of
from tests.pubsub.commits import a_commit

PULSE = 0.05
KEPT = 200

# As the writer does it: the head and the log in one transaction.
WRITE = """
WITH head AS (UPDATE event_heads SET position = $3 WHERE project_id = $1)
INSERT INTO event_log (project_id, first_pos, last_pos, events, committed_at) VALUES ($1, $2, $3, $4::json, $5)
"""
TRIM = "DELETE FROM event_log WHERE project_id = $1 AND last_pos <= $2"


class World(Protocol):
    """A broker to follow, and the ways in which commits come about."""

    project_id: str
    position: int

    @property
    def broker(self) -> Broker:
        """Whom to follow."""

    async def write(self, size: int = 1) -> Commit:
        """Commit without a word."""

    async def announce(self, commit: Commit) -> None:
        """Announce a commit."""

    async def happen(self, times: int, size: int = 1) -> None:
        """Commit and announce, several times."""

    async def trim(self) -> None:
        """Let go of everything but the latest."""


@dataclass(kw_only=True)
class MemoryWorld:
    """The broker in memory."""

    project_id: str
    broker: Broker = field(default_factory=lambda: MemoryBroker(kept=KEPT, pulse=PULSE))
    position: int = 0

    async def write(self, size: int = 1) -> Commit:
        self.position += size
        return a_commit(self.position - size + 1, self.position)

    async def announce(self, commit: Commit) -> None:
        await self.broker.publish(self.project_id, *commit)

    async def happen(self, times: int, size: int = 1) -> None:
        for _ in range(times):
            await self.announce(await self.write(size))

    async def trim(self) -> None:
        await self.happen(KEPT)


@dataclass(kw_only=True)
class RedisWorld:
    """Two processes, as far as a broker can tell: one announces (`elsewhere`) what the other one follows (`here`)."""

    here: RedisBroker
    elsewhere: RedisBroker
    redis: Redis
    database: Database
    project_id: str
    position: int = 0

    @property
    def broker(self) -> Broker:
        return self.here

    async def write(self, size: int = 1) -> Commit:
        first, last, payload = a_commit(self.position + 1, self.position + size)
        await self.database.execute(WRITE, self.project_id, first, last, payload, datetime.now(UTC))
        self.position = last
        return first, last, payload

    async def announce(self, commit: Commit) -> None:
        await self.elsewhere.publish(self.project_id, *commit)

    async def happen(self, times: int, size: int = 1) -> None:
        for _ in range(times):
            await self.announce(await self.write(size))

    async def trim(self) -> None:
        await self.elsewhere.sender.empty()
        await self.redis.delete(key_of(self.project_id))
        await self.database.execute(TRIM, self.project_id, self.position)


def client(url: str) -> Redis:
    """A connection to Redis for the test itself; to be opened with `async with`."""
    return Redis.from_url(url)


@asynccontextmanager
async def redis_world(url: str, log: Log, database: Database, project_id: str) -> AsyncIterator[RedisWorld]:
    """Two brokers over one Redis and one log."""
    async with (
        open_broker(url, log, pulse=PULSE) as here,
        open_broker(url, log) as elsewhere,
        client(url) as redis,
    ):
        yield RedisWorld(here=here, elsewhere=elsewhere, redis=redis, database=database, project_id=project_id)
