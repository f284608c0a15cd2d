"""Answers about anything by its id alone: traces first, then steps, projects and keys (docs/adr/0003)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeAlias

from auth.viewer import READ, require
from models.errors import Invalid
from models.ids import canonical
from models.rows import Row
from models.values import Id
from resolvers import keys, projects, steps, traces
from resolvers.context import Context
from resolvers.rows import Columns

MOST = 100

Found: TypeAlias = Sequence[Row | None]
Look: TypeAlias = Callable[[Context, Sequence[str], Columns], Awaitable[Found]]

KINDS: Sequence[tuple[str, Look]] = (
    ("Trace", traces.by_ids),
    ("Step", steps.by_ids),
    ("Project", projects.by_ids),
    ("ApiKey", keys.by_ids),
)


async def one(context: Context, id: Id, *, columns: Columns = None) -> Row | None:
    """Whatever has this id; null when nothing has that this key may see."""
    (row,) = await several(context, [id], columns=columns)
    return row


async def several(context: Context, ids: Sequence[Id], *, columns: Columns = None) -> Found:
    """Whatever has these ids, in their order, null for each that nothing has; at most 100."""
    require(context.viewer, READ)
    if len(ids) > MOST:
        raise Invalid(f"At most {MOST} ids; these are {len(ids):,}.", path=["ids"])
    wanted = [canonical(identity) for identity in ids]
    missing = sorted({identity for identity in wanted if identity})
    found: dict[str, Row] = {}
    for name, look in KINDS:
        if missing:
            rows = [row for row in await look(context, missing, columns) if row]
            found |= {row["id"]: dict(row.items()) | {"__typename": name} for row in rows}
            missing = [identity for identity in missing if identity not in found]
    return [found.get(identity or "") for identity in wanted]
