"""Answers about lists as a whole."""

from __future__ import annotations

from collections.abc import Sequence

from resolvers.context import Context
from resolvers.pages import Connection
from resolvers.rows import reads


@reads()
async def counts(context: Context, parents: Sequence[Connection]) -> list[int]:
    """How many there are in the whole list; counted only when asked for."""
    numbers = []
    for parent in parents:
        sql, values = parent.counting
        row = await context.database.fetchrow(sql, *values)
        numbers.append(row[0] if row else 0)
    return numbers
