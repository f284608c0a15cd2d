"""Answers about keys."""

from __future__ import annotations

from collections.abc import Sequence

from auth.viewer import ADMIN, may
from models.rows import Row
from resolvers.context import Context
from resolvers.projects import may_see
from resolvers.rows import KEY_COLUMNS, Columns

BY_IDS = f"SELECT {', '.join(KEY_COLUMNS)} FROM api_keys WHERE id = ANY ($1::uuid[])"


async def by_ids(context: Context, ids: Sequence[str], _columns: Columns = None) -> list[Row | None]:
    """The key of each id, or None: the one that asks sees itself, others need the scope ADMIN and its projects."""
    rows = await context.database.fetch(BY_IDS, ids)
    found = {row["id"]: row for row in rows if _is_shown(context, row)}
    return [found.get(identity) for identity in ids]


def _is_shown(context: Context, row: Row) -> bool:
    if row["id"] == context.viewer.key_id:
        return True
    return may(context.viewer, ADMIN) and may_see(context, row["project_id"])
