"""Answers about lists as a whole."""

from __future__ import annotations

from collections.abc import Sequence

from resolvers.context import Context
from resolvers.pages import Connection, Counting
from resolvers.rows import reads


@reads()
async def counts(context: Context, parents: Sequence[Connection]) -> list[int]:
    """How many there are in the whole list; counted only when asked for."""
    countings = {id(parent.counting): parent.counting for parent in parents}
    counted = {key: await _counted(context, counting) for key, counting in countings.items()}
    return [counted[id(parent.counting)].get(parent.place, 0) for parent in parents]


async def _counted(context: Context, counting: Counting) -> dict[int, int]:
    rows = await context.database.fetch(counting.sql, *counting.values)
    return {row["place"]: row["count"] for row in rows}
