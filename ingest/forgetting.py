"""Forgetting events: the log is for those who come back after a while, not for ever."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import structlog

from models.database import Database
from models.errors import Fault
from models.event_log import trim_log

log = structlog.get_logger()


async def keep_forgetting(database: Database, age: timedelta, every: timedelta) -> None:
    """Delete events older than `age`, again and again until cancelled; what fails is logged and tried again.

    Several processes may do so at once: each deletes what is left.
    """
    while True:
        try:
            trimmed = await trim_log(database, datetime.now(UTC) - age)
            if trimmed:
                log.info("old events forgotten", commits=trimmed)
        except Fault as fault:
            log.warning("forgetting failed", error=fault.message)
        await asyncio.sleep(every.total_seconds())
