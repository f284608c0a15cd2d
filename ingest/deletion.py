"""Deletion: traces go with their steps, their roll-ups are taken back, and followers are told, in one transaction."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from ingest.announcing import Publisher, announce
from ingest.pricing import unpriced
from ingest.rollups import COUNTS
from ingest.transaction import Changes, transaction
from models.database import Connection, Database
from models.enums import EventType
from models.filter_sql import Condition
from models.rows import Row

BATCH_TRACES = 200
BATCH_STEPS = 5_000
DEADLINE = 30.0

# Is told, inside the transaction, which traces go with it.
Witness: TypeAlias = Callable[[Connection, Sequence[str]], Awaitable[None]]

# choose: the oldest first. {filter} is a condition of models.filter_sql, its values are bound behind the limit.
CHOOSE = "SELECT id, step_count FROM traces WHERE project_id = $1 AND {filter} ORDER BY start_time, id LIMIT $2"

# delete_batch: those that are still there, and still meant, now that no writer can change them.
STILL = "SELECT id FROM traces WHERE project_id = $1 AND id = ANY ($2::uuid[]) AND {filter}"

# What the roll-ups counted.
SUMS = ", ".join((*COUNTS, "cost", "duration_ms"))
DELETE_STEPS = f"""
DELETE FROM trace_steps WHERE project_id = $1 AND trace_id = ANY ($2::uuid[])
RETURNING start_time, name, status, kind, provider, model, time_to_first_token_ms, {SUMS}
"""
DELETE_TRACES = f"""
DELETE FROM traces WHERE project_id = $1 AND id = ANY ($2::uuid[])
RETURNING id, start_time, name, status, environment, service_name, {SUMS}
"""


@dataclass(frozen=True, kw_only=True)
class Deletion:
    """Which traces of a project are to go; `condition` counts its placeholders from 3."""

    project_id: str
    condition: Condition
    witness: Witness | None = None


async def choose(database: Database, deletion: Deletion, most: int) -> list[list[str]]:
    """The ids of the oldest traces that are to go, at most so many, in batches of bounded size."""
    sql = CHOOSE.format(filter=deletion.condition.sql)
    rows = await database.fetch(sql, deletion.project_id, most, *deletion.condition.values)
    return list(batches(rows))


def batches(rows: Iterable[Row]) -> Iterator[list[str]]:
    """The ids of traces in lists of up to 200, and up to 5,000 steps unless one trace alone has more."""
    batch: list[str] = []
    steps = 0
    for row in rows:
        if batch and (len(batch) == BATCH_TRACES or steps + row["step_count"] > BATCH_STEPS):
            yield batch
            batch, steps = [], 0
        batch.append(row["id"])
        steps += row["step_count"]
    if batch:
        yield batch


async def delete_batch(
    database: Database, publisher: Publisher, deletion: Deletion, ids: Sequence[str], now: datetime
) -> int:
    """Delete those of the traces that are still meant, in one transaction; returns how many.

    Whatever arrives about them afterwards is news of traces that nobody knows.
    """
    async with database.connection(DEADLINE) as connection:
        changes = Changes(connection=connection, project_id=deletion.project_id, now=now, price=unpriced)
        async with transaction(connection, deletion.project_id):
            await _remove(changes, deletion, ids)
            committed = await changes.close()
    await announce(publisher, deletion.project_id, committed)
    return len(changes.gone_traces)


async def _remove(changes: Changes, deletion: Deletion, ids: Sequence[str]) -> None:
    connection, project_id = changes.connection, deletion.project_id
    sql = STILL.format(filter=deletion.condition.sql)
    still = [row["id"] for row in await connection.fetch(sql, project_id, ids, *deletion.condition.values)]
    if not still:
        return
    changes.gone_steps += await connection.fetch(DELETE_STEPS, project_id, still)
    changes.gone_traces += await connection.fetch(DELETE_TRACES, project_id, still)
    changes.events += [(EventType.TRACE_DELETED, row["id"], None) for row in changes.gone_traces]
    if deletion.witness is not None:
        await deletion.witness(connection, still)
