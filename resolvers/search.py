"""Searches: through a list from its beginning, slice by slice, for as long as somebody can be left waiting."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from models.database import Database
from models.rows import Row
from resolvers.pages import Window, window_behind

FIRST_SLICE = 250
LARGEST_SLICE = 4_000
SECONDS = 1.0
"""After so long a search answers with what it has found so far, and where to go on."""


@dataclass(frozen=True, kw_only=True)
class Search:
    """What is looked through: the rows of a project, by a statement for so many of them behind a window's anchor."""

    project_id: str
    slice: Callable[[Window, int], str]
    values: tuple[Any, ...]


@dataclass(frozen=True, kw_only=True)
class Found:
    """What was found, and, when that is not all, the row up to which everything was looked at."""

    rows: list[Row]
    reached: Row | None


async def through(database: Database, search: Search, window: Window, seconds: float = SECONDS) -> Found:
    """Look for a page, and for one row more, which tells that there is another page."""
    clock = asyncio.get_running_loop().time
    until, size = clock() + seconds, FIRST_SLICE
    found: list[Row] = []
    here = window
    while True:
        sql = search.slice(here, size)
        seen = await database.fetch(sql, search.project_id, *search.values, *here.bindings)
        found += [row for row in seen if row["found"]]
        if len(found) > window.size or not seen or seen[-1]["walked"] < size:
            return Found(rows=found[: window.size + 1], reached=None)
        if clock() >= until:
            return Found(rows=found, reached=seen[-1])
        here, size = window_behind(seen[-1], window), min(2 * size, LARGEST_SLICE)
