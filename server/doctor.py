"""The doctor: looks at a deployment from outside and says what is wrong with it."""

from __future__ import annotations

import asyncio
import platform
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from redis.asyncio import Redis
from redis.exceptions import RedisError

from analytics.audit import audit_rollups
from models.condition import Condition, condition_of
from models.database import Database, open_database
from models.migration import missing
from server.settings import Settings

CLOCK_SECONDS = 1.0
REDIS_SECONDS = 2.0
OLDEST_REDIS = (6, 2)
MANY_OUTSIDE = 100_000
ON = "on"


class Verdict(StrEnum):
    """How bad it is."""

    WELL = "ok"
    DOUBTFUL = "warn"
    ILL = "FAIL"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that was looked at."""

    verdict: Verdict
    text: str

    def __str__(self) -> str:
        return f"{self.verdict:<4} {self.text}"


def found(text: str, *, ill: bool = False, doubtful: bool = False) -> Finding:
    """What was found, and how bad it is."""
    return Finding(verdict=Verdict.ILL if ill else Verdict.DOUBTFUL if doubtful else Verdict.WELL, text=text)


async def examine(settings: Settings, database_url: str, redis_url: str) -> list[Finding]:
    """Look at everything. Raises Unavailable when the database does not answer."""
    findings = [found(f"Python {platform.python_version()}"), *_of_settings(settings)]
    async with open_database(database_url, connections=2) as database:
        findings += [finding async for finding in _of_database(database, settings)]
    findings.append(await _of_redis(redis_url))
    return findings


def _of_settings(settings: Settings) -> list[Finding]:
    return [
        found("a development key is accepted, with all scopes in all projects", doubtful=True)
        if settings.dev_key
        else found("no development key is accepted"),
        found("digests of keys are made with a pepper")
        if settings.key_pepper
        else found("TRACEGRAPH_KEY_PEPPER is not set: who can write into the database can make a key", doubtful=True),
    ]


async def _of_database(database: Database, settings: Settings) -> AsyncIterator[Finding]:
    lacking = await missing()
    if lacking:
        yield found(f"migrations are missing: {', '.join(lacking)}; run `python -m server migrate`", ill=True)
        return
    condition = await condition_of(database, datetime.now(UTC))
    for finding in (*_of_server(condition), *_of_partitions(condition), _of_pool(condition, settings)):
        yield finding
    hours = await audit_rollups(database)
    wrong = [f"project {hour.project_id}, hour {hour.start:%Y-%m-%dT%H}" for hour in hours if not hour.is_equal]
    steps = sum(hour.steps for hour in hours)
    if wrong:
        yield found(f"roll-ups differ from the steps: {'; '.join(wrong)}", ill=True)
    else:
        yield found(f"roll-ups equal a recomputation of {len(hours)} sampled hours with {steps:,} steps")


def _of_server(condition: Condition) -> list[Finding]:
    off = abs((condition.now - datetime.now(UTC)).total_seconds())
    return [
        found(f"PostgreSQL {condition.version}, needed is 18 or newer", ill=not condition.is_new_enough),
        found(
            f"synchronous_commit is {condition.synchronous_commit}: acknowledged writes rest on it",
            ill=condition.synchronous_commit in ("off", "local"),
        ),
        found(f"fsync is {condition.fsync}: acknowledged writes rest on it", ill=condition.fsync != ON),
        found(f"full_page_writes is {condition.full_page_writes}", doubtful=condition.full_page_writes != ON),
        found(f"the clock of PostgreSQL is {off:.1f} s off ours", doubtful=off > CLOCK_SECONDS),
    ]


def _of_partitions(condition: Condition) -> list[Finding]:
    missing_weeks = ", ".join(condition.missing_weeks) or "none"
    return [
        found(f"missing partitions of coming weeks: {missing_weeks}", doubtful=bool(condition.missing_weeks)),
        found(
            f"{min(condition.steps_outside, MANY_OUTSIDE):,} steps lie outside of the weekly partitions",
            doubtful=condition.steps_outside > MANY_OUTSIDE,
        ),
    ]


def _of_pool(condition: Condition, settings: Settings) -> Finding:
    processes = condition.max_connections // (settings.database_connections + 1)
    return found(
        f"max_connections is {condition.max_connections}: enough for {processes} processes of "
        f"{settings.database_connections} connections and one to watch",
        ill=processes < 1,
    )


async def _of_redis(url: str) -> Finding:
    client = Redis.from_url(url, socket_timeout=REDIS_SECONDS, socket_connect_timeout=REDIS_SECONDS)
    with suppress(RedisError, OSError, TimeoutError):
        async with client, asyncio.timeout(2 * REDIS_SECONDS):
            version = str((await client.info("server"))["redis_version"])
        parts = tuple(int(part) for part in version.split(".")[:2] if part.isdecimal())
        return found(f"Redis {version}, needed is 6.2 or newer", ill=parts < OLDEST_REDIS)
    return found("Redis does not answer: events come later, limits of keys are counted by each process", doubtful=True)
