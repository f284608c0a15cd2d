"""Retention: traces that are older than their project keeps them are deleted, a little at a time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import structlog

from ingest.announcing import Publisher
from ingest.deletion import Deletion, choose, delete_batch
from models.database import Database
from models.errors import Fault
from models.filter_sql import Condition
from models.partitions import drop_empty_weeks

TURN_SECONDS = 20.0  # the longest time at a stretch; the rest comes with the next turn
TURN_TRACES = 1_000  # looked up at once
GUARD_SECONDS = 60.0

log = structlog.get_logger()

# One runner among all processes; the lock goes with its connection.
TRY_LOCK = "SELECT pg_try_advisory_xact_lock(hashtext('tracegraph retention'))"

PROJECTS = "SELECT id, retention_days FROM projects WHERE retention_days IS NOT NULL ORDER BY id"

# A trace that still runs is kept until it ends, or until upkeep gives it up. Oldest first by the index traces_by_start.
EXPIRED = "start_time < $3 AND status <> 'RUNNING'"


async def keep_retained(database: Database, publisher: Publisher, every: timedelta) -> None:
    """Delete what has become too old, again and again until cancelled; what fails is logged and tried again."""
    while True:
        try:
            deleted = await retain_once(database, publisher, datetime.now(UTC))
            if deleted:
                log.info("old traces deleted", count=deleted)
        except Fault as fault:
            log.warning("retention failed", error=fault.message)
        await asyncio.sleep(every.total_seconds())


async def retain_once(database: Database, publisher: Publisher, now: datetime) -> int:
    """One turn of at most 20 seconds; returns how many traces went, 0 when another process is at it."""
    deleted = 0
    async with _alone(database) as is_alone:
        if not is_alone:
            return 0
        until = asyncio.get_running_loop().time() + TURN_SECONDS
        for project in await database.fetch(PROJECTS):
            before = now - timedelta(days=project["retention_days"])
            deleted += await _expire(database, publisher, project["id"], before, until)
        async with database.connection(GUARD_SECONDS) as connection:
            await drop_empty_weeks(connection, now)
    return deleted


async def _expire(database: Database, publisher: Publisher, project_id: str, before: datetime, until: float) -> int:
    time = asyncio.get_running_loop().time
    deletion = Deletion(project_id=project_id, condition=Condition(sql=EXPIRED, values=(before,), offset=3))
    deleted = 0
    while time() < until and (batches := await choose(database, deletion, TURN_TRACES)):
        for ids in batches:
            begun = time()
            if begun >= until:
                break
            deleted += await delete_batch(database, publisher, deletion, ids, datetime.now(UTC))
            # As much rest as work: the project's writers wait while a batch is deleted.
            await asyncio.sleep(time() - begun)
    return deleted


@asynccontextmanager
async def _alone(database: Database) -> AsyncIterator[bool]:
    async with database.connection(GUARD_SECONDS) as guard, guard.transaction():
        yield bool(await guard.fetchval(TRY_LOCK))
