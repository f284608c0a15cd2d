"""Answers to the mutation that deletes traces."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

from auth.audit import Act, record_act
from auth.viewer import ADMIN, require
from ingest.deletion import Deletion, choose, delete_batch
from models.database import Connection
from models.errors import Invalid, NotFound
from models.filter_sql import Condition, traces_where
from models.filters import TraceFilter
from models.ids import canonical
from models.values import Uuid
from resolvers.context import Context
from resolvers.projects import chosen

MOST = 1_000
# No batch is begun later than this, so that a call ends well before its deadline.
SECONDS = 2.0
PLACE = 3

AMONG = "id = ANY ($3::uuid[])"


@dataclass(frozen=True, kw_only=True)
class TraceChoice:
    """Which traces are to go: those with these ids, or those that a filter finds; exactly one of the two."""

    ids: Sequence[Uuid] | None = None
    """Their ids, at most 1,000; ids that nothing has are passed over."""
    filter: TraceFilter | None = None
    """What they have in common; a filter that says nothing is refused."""


async def delete_traces(context: Context, input: TraceChoice) -> Mapping[str, Any]:
    """Delete traces and their steps for good, the oldest first; needs the scope ADMIN.

    A call deletes up to 1,000 traces, and fewer when they are large: repeat it until it deletes none. Analytics no
    longer count what was deleted, and followers get a `TraceDeleted` for each.
    """
    require(context.viewer, ADMIN)
    try:
        deletions = await _deletions(context, input)
    except (Invalid, NotFound) as fault:
        error = {"code": fault.code, "message": fault.message, "path": ["input", *fault.path]}
        return {"deleted_count": 0, "user_errors": [error]}
    until = asyncio.get_running_loop().time() + SECONDS
    deleted = 0
    for deletion in deletions:
        deleted += await _delete(context, deletion, MOST - deleted, until)
    return {"deleted_count": deleted, "user_errors": []}


async def _deletions(context: Context, input: TraceChoice) -> list[Deletion]:
    if (input.ids is None) == (input.filter is None):
        raise Invalid("Give `ids` or a `filter`.")
    if input.ids is not None:
        condition = Condition(sql=AMONG, values=(_ids(input.ids),), offset=PLACE)
        return [_deletion(context, context.project_id, condition)]
    projects, filter = await chosen(context, input.filter)
    condition = traces_where(filter, offset=PLACE)
    if condition.is_everything:
        raise Invalid("A filter that says nothing would delete everything.", path=["filter"])
    return [_deletion(context, project, condition) for project in projects]


def _ids(ids: Sequence[Uuid]) -> list[str]:
    if len(ids) > MOST:
        raise Invalid(f"At most {MOST:,} ids; these are {len(ids):,}.", path=["ids"])
    return [identity for identity in map(canonical, ids) if identity]


def _deletion(context: Context, project_id: str, condition: Condition) -> Deletion:
    return Deletion(project_id=project_id, condition=condition, witness=partial(_witness, context, project_id))


async def _delete(context: Context, deletion: Deletion, most: int, until: float) -> int:
    deleted = 0
    for ids in await choose(context.database, deletion, most) if most else ():
        if asyncio.get_running_loop().time() >= until:
            break
        deleted += await delete_batch(context.database, context.broker, deletion, ids, datetime.now(UTC))
    return deleted


async def _witness(context: Context, project_id: str, connection: Connection, ids: Sequence[str]) -> None:
    act = Act(
        action="traces.deleted",
        actor_id=context.viewer.key_id,
        project_id=project_id,
        subject_id=None,
        details={"count": len(ids), "ids": ids},
    )
    await record_act(connection, act)
