"""Upkeep: what must be done now and then, by one process at a time."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog

from ingest.announcing import Publisher
from ingest.staleness import give_up_stale
from models.database import Database
from models.errors import Fault
from models.partitions import ensure_weeks, weeks_ahead

# One runner among all processes; the lock goes with its connection.
TRY_LOCK = "SELECT pg_try_advisory_xact_lock(hashtext('tracegraph upkeep'))"
DEADLINE = 60.0

log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """How often to look, and after how long without news a running trace is stale."""

    every: timedelta = timedelta(minutes=1)
    stale_after: timedelta = timedelta(hours=1)


async def keep_up(database: Database, publisher: Publisher, schedule: Schedule) -> None:
    """Do the upkeep again and again until cancelled; what fails is logged and tried at the next turn."""
    while True:
        try:
            await keep_up_once(database, publisher, schedule, datetime.now(UTC))
        except Fault as fault:
            log.warning("upkeep failed", error=fault.message)
        await asyncio.sleep(schedule.every.total_seconds())


async def keep_up_once(database: Database, publisher: Publisher, schedule: Schedule, now: datetime) -> bool:
    """One turn; false when another process is at it."""
    async with database.connection(DEADLINE) as guard, guard.transaction():
        if not await guard.fetchval(TRY_LOCK):
            return False
        async with database.connection(DEADLINE) as connection:
            await ensure_weeks(connection, weeks_ahead(now))
        given_up = await give_up_stale(database, publisher, schedule.stale_after, now)
        if given_up:
            log.info("stale traces given up", count=given_up)
        return True
