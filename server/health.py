"""Whether the process lives (`/livez`) and whether it should get work (`/readyz`)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import TypeAlias

import structlog
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from models.database import Database
from models.errors import Fault
from models.watch import ALIVE
from server.drain import Drain

Probe: TypeAlias = Callable[[], Awaitable[bool]]

DATABASE_SECONDS = 1.0
REDIS_SECONDS = 0.5
RETRY_SECONDS = 1.0

log = structlog.get_logger()


class Preparation:
    """What has to be done before the first request, tried again until it succeeds."""

    def __init__(self) -> None:
        self.finished = asyncio.Event()
        self.missing = "not tried yet"

    @property
    def done(self) -> bool:
        """Whether it has succeeded."""
        return self.finished.is_set()

    async def run(self, prepare: Callable[[], Awaitable[None]]) -> None:
        """Prepare; a fault (the database is away, or not migrated) is waited out."""
        while not self.done:
            try:
                await prepare()
                self.finished.set()
            except Fault as fault:
                if fault.message != self.missing:
                    await log.awarning("not ready", reason=fault.message)
                self.missing = fault.message
                await asyncio.sleep(RETRY_SECONDS)


def health_routes(database: Database, redis_answers: Probe, preparation: Preparation, drain: Drain) -> list[BaseRoute]:
    """The routes of `/livez` and `/readyz`."""

    async def livez(_: Request) -> Response:
        return _reply("ok", 200)

    async def readyz(_: Request) -> Response:
        if drain.begun:
            return _reply("draining", 503)
        if not preparation.done:
            return _reply("not ready", 503, reason=preparation.missing)
        database_is_up, redis_is_up = await asyncio.gather(_answers(database), redis_answers())
        if not database_is_up:
            return _reply("not ready", 503, reason="The database does not answer.")
        # Without Redis everything works, live updates somewhat later.
        return _reply("ready" if redis_is_up else "degraded", 200, redis="up" if redis_is_up else "down")

    return [Route("/livez", livez), Route("/readyz", readyz)]


@asynccontextmanager
async def redis_probe(url: str) -> AsyncIterator[Probe]:
    """A question to Redis that is answered soon, whatever state it is in."""
    client = Redis.from_url(
        url, socket_timeout=REDIS_SECONDS, socket_connect_timeout=REDIS_SECONDS, retry=Retry(NoBackoff(), 0)
    )

    async def answers() -> bool:
        with suppress(RedisError, OSError):
            return bool(await client.ping())
        return False

    try:
        yield answers
    finally:
        await client.aclose()


async def _answers(database: Database) -> bool:
    with suppress(Fault):
        async with database.connection(DATABASE_SECONDS) as connection:
            return bool(await connection.fetchval(ALIVE))
    return False


def _reply(status: str, code: int, **details: str) -> Response:
    return JSONResponse({"status": status, **details}, code, headers={"cache-control": "no-store"})
