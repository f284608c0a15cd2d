"""Bringing a database up to date: one runner at a time, and never a long wait for a lock."""

from __future__ import annotations

from datetime import UTC, datetime

import asyncpg
from tortoise import Tortoise
from tortoise.connection import get_connection
from tortoise.migrations.executor import MigrationExecutor

from models.database import configuration
from models.errors import Invalid
from models.partitions import ensure_weeks, weeks_ahead

APP = "models"
OLDEST_SERVER = 18
LOCK_KEY = 7_468_130_355

# Sessions that wait for us must not wait long: a migration that can't get its lock gives up and is run again.
LIMITS = "SET lock_timeout = '5s'"


async def migrate(url: str) -> list[str]:
    """Apply the missing migrations and make the coming weeks' partitions; returns the names of those applied.

    Waits for another runner to finish. Raises Invalid when the server is older than PostgreSQL 18.
    """
    guard = await asyncpg.connect(url)
    try:
        _check_version(guard)
        await guard.execute("SELECT pg_advisory_lock($1)", LOCK_KEY)
        applied = await _apply(url)
        await ensure_weeks(guard, weeks_ahead(datetime.now(UTC)))
    finally:
        await guard.close()
    return applied


async def pending(url: str) -> list[str]:
    """The names of the migrations that this database still lacks."""
    await Tortoise.init(config=configuration(url), _enable_global_fallback=True)
    try:
        return await missing()
    finally:
        await Tortoise.close_connections()


async def missing() -> list[str]:
    """The names of the migrations that the database lacks which is open (see `models.database.open_database`)."""
    return [step.migration.name for step in await _executor().plan()]


async def _apply(url: str) -> list[str]:
    await Tortoise.init(config=configuration(url, connections=1), _enable_global_fallback=True)
    applied: list[str] = []
    try:
        await get_connection("default").execute_script(LIMITS)
        await _executor().migrate(progress=lambda event, _, name: _note(applied, event, name))
    finally:
        await Tortoise.close_connections()
    return applied


def _note(applied: list[str], event: str, name: str) -> None:
    if event == "apply_done":
        applied.append(name)


def _executor() -> MigrationExecutor:
    config = configuration("postgres://unused")
    return MigrationExecutor(get_connection("default"), config["apps"])


def _check_version(connection: asyncpg.Connection[asyncpg.Record]) -> None:
    version = connection.get_server_version().major
    if version < OLDEST_SERVER:
        message = f"Tracegraph needs PostgreSQL {OLDEST_SERVER} or newer; this server is {version}."
        raise Invalid(message)
