"""The weekly partitions of `trace_steps`; an id carries its time, so a week of ids is a range."""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

import asyncpg

from models.database import Connection
from models.ids import GREATEST_ID, LEAST_ID, first_id, time_of

WEEK = timedelta(weeks=1)
EPOCH = datetime(2020, 1, 6, tzinfo=UTC)  # a Monday
LATEST = datetime(9000, 1, 1, tzinfo=UTC)  # what is later has no week that could be written
OLDEST = timedelta(weeks=104)  # older ids live in the default partition
AHEAD = 2  # weeks made before they are needed
SETTLED = timedelta(weeks=4)  # after so long a week that is empty again was emptied on purpose
NAME = re.compile(r"trace_steps_(\d{4})_w(\d{2})")

# The moved rows are those that came in between two looks at the clock of different machines; usually none.
CREATE = """
CREATE TABLE IF NOT EXISTS {name} (LIKE trace_steps INCLUDING ALL) WITH (toast_tuple_target = 512);
WITH moved AS (
    DELETE FROM trace_steps_default WHERE id >= '{low}' AND id < '{high}' RETURNING *
)
INSERT INTO {name} ({columns}) SELECT {columns} FROM moved;
ALTER TABLE trace_steps ATTACH PARTITION {name} FOR VALUES FROM ('{low}') TO ('{high}');
"""

# Names of the attached partitions.
ATTACHED = """
SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'trace_steps'::regclass
"""

# Columns that can be written (the generated one can't).
COLUMNS = """
SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute
WHERE attrelid = 'trace_steps'::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
"""

# drop_empty_weeks: the names are those of ATTACHED. Whoever reads or writes steps waits for us, so we don't wait long.
HOLDS_ANY = "SELECT EXISTS (SELECT FROM {name})"
BRIEFLY = "SET LOCAL lock_timeout = '200ms'"
ALONE = "LOCK TABLE ONLY trace_steps IN ACCESS EXCLUSIVE MODE"
DROP = "DROP TABLE {name}"

LOCK = "SELECT pg_advisory_xact_lock(hashtext('tracegraph partitions'))"


def week_of(identity: str, now: datetime) -> datetime | None:
    """The Monday that starts the week of an id; None when the id belongs in the default partition."""
    moment = time_of(identity)
    if moment is None or not now - OLDEST <= moment < now + AHEAD * WEEK:
        return None
    return _monday(moment)


def start_of_week(identity: str) -> str:
    """The least id of the week of an id; the least of all for one that carries no time."""
    moment = time_of(identity)
    return LEAST_ID if moment is None or moment < EPOCH else first_id(_monday(moment))


def end_of_week(identity: str) -> str:
    """The least id of the week after that of an id; the greatest of all for one that carries no time."""
    moment = time_of(identity)
    return GREATEST_ID if moment is None or moment > LATEST else first_id(_monday(moment) + WEEK)


def weeks_ahead(now: datetime) -> list[datetime]:
    """The weeks that must exist: this one and the next ones."""
    return [_monday(now) + WEEK * step for step in range(AHEAD + 1)]


AnyConnection: TypeAlias = "asyncpg.Connection[asyncpg.Record] | Connection"


async def ensure_weeks(connection: AnyConnection, weeks: Iterable[datetime]) -> None:
    """Create the missing partitions for these weeks, in one transaction; several processes may do so at once."""
    async with connection.transaction():
        await connection.execute("SET LOCAL lock_timeout = '5s'")
        await connection.execute(LOCK)
        attached = {row[0] for row in await connection.fetch(ATTACHED)}
        columns = await connection.fetchval(COLUMNS)
        for week in weeks:
            name = f"trace_steps_{week:%G_w%V}"
            if name not in attached:
                await connection.execute(
                    CREATE.format(name=name, low=first_id(week), high=first_id(week + WEEK), columns=columns)
                )


async def drop_empty_weeks(connection: AnyConnection, now: datetime) -> list[str]:
    """Drop the partitions of past weeks that hold nothing any more; returns their names.

    Ids of such a week that arrive later live in the default partition. A table that is busy is left for another time.
    """
    dropped: list[str] = []
    for row in await connection.fetch(ATTACHED):
        name = row[0]
        if not _is_settled(name, now) or await connection.fetchval(HOLDS_ANY.format(name=name)):
            continue
        with suppress(asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError):
            async with connection.transaction():
                await connection.execute(BRIEFLY)
                await connection.execute(LOCK)
                await connection.execute(ALONE)
                if not await connection.fetchval(HOLDS_ANY.format(name=name)):
                    await connection.execute(DROP.format(name=name))
                    dropped.append(name)
    return dropped


def _is_settled(name: str, now: datetime) -> bool:
    found = NAME.fullmatch(name)
    if found is None:
        return False
    week = datetime.fromisocalendar(int(found[1]), int(found[2]), 1).replace(tzinfo=UTC)
    return week + WEEK + SETTLED < now


def _monday(moment: datetime) -> datetime:
    return EPOCH + (moment - EPOCH) // WEEK * WEEK
