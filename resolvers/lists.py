"""Answers about lists as a whole."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from resolvers.context import Context
from resolvers.pages import MOST_COUNTED, Connection, Counting
from resolvers.rows import reads


@reads()
async def counts(context: Context, parents: Sequence[Connection]) -> list[int]:
    """How many there are in the whole list, at most a million; counted only when asked for."""
    countings = {id(parent.counting): parent.counting for parent in parents}
    counted = {key: await _counted(context, counting) for key, counting in countings.items()}
    return [min(counted[id(parent.counting)][parent.place], MOST_COUNTED) for parent in parents]


async def _counted(context: Context, counting: Counting) -> Counter[int]:
    counts = Counter[int]()
    for project in counting.projects:
        rows = await context.database.fetch(counting.sql, project, *counting.values)
        counts.update({row["place"]: row["count"] for row in rows})
    return counts
