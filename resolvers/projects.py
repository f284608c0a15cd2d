"""Answers about projects and their keys."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from auth.projects import project_of, projects_of
from auth.viewer import ADMIN, READ, require
from models.errors import Invalid, NotFound
from models.filters import TraceFilter
from models.ids import canonical
from models.rows import Row
from models.values import Id
from resolvers.context import Context
from resolvers.pages import MOST_COUNTED
from resolvers.rows import KEY_COLUMNS, PROJECT_COLUMNS, Columns, reads

MOST_CHOSEN = 100
NOBODY = "00000000-0000-0000-0000-000000000000"

BY_IDS = f"SELECT {', '.join(PROJECT_COLUMNS)} FROM projects WHERE id = ANY ($1::uuid[])"
BY_NAME = f"SELECT {', '.join(PROJECT_COLUMNS)} FROM projects WHERE name = $1"
TRACE_COUNT = f"SELECT count(*) FROM (SELECT FROM traces WHERE project_id = $1 LIMIT {MOST_COUNTED}) AS counted"
KEYS = f"""
SELECT {", ".join(KEY_COLUMNS)} FROM api_keys WHERE project_id = ANY ($1::uuid[])
ORDER BY created_at, id LIMIT 1000
"""


@reads("project_id")
async def of_rows(context: Context, parents: Sequence[Row]) -> list[Row | None]:
    """The project it belongs to."""
    ids = sorted({parent["project_id"] for parent in parents if parent["project_id"]})
    rows = await context.database.fetch(BY_IDS, ids) if ids else []
    found = {row["id"]: row for row in rows}
    return [found.get(parent["project_id"]) for parent in parents]


@reads("id")
async def trace_counts(context: Context, parents: Sequence[Row]) -> list[int]:
    """How many traces it holds, at most a million."""
    require(context.viewer, READ)
    counts = [await context.database.fetchrow(TRACE_COUNT, parent["id"]) for parent in parents]
    return [row[0] if row else 0 for row in counts]


@reads("id")
async def keys_of(context: Context, parents: Sequence[Row]) -> list[list[Row]]:
    """The keys that open it and only it, oldest first; needs the scope ADMIN."""
    require(context.viewer, ADMIN)
    rows = await context.database.fetch(KEYS, [parent["id"] for parent in parents])
    return [[row for row in rows if row["project_id"] == parent["id"]] for parent in parents]


async def one(context: Context, *, id: Id | None = None, name: str | None = None) -> Row | None:
    """One project by its id or its name; null when there is none that this key may see."""
    if (id is None) == (name is None):
        raise Invalid("Give an `id` or a `name`.", path=["name" if id is not None else "id"])
    if id is not None:
        (found,) = await by_ids(context, [canonical(id) or NOBODY])
        return found
    row = await context.database.fetchrow(BY_NAME, name)
    return row if row is not None and may_see(context, row["id"]) else None


async def by_ids(context: Context, ids: Sequence[str], _columns: Columns = None) -> list[Row | None]:
    """The project of each id, or None when there is none that the key of this request may see."""
    rows = await context.database.fetch(BY_IDS, ids)
    found = {row["id"]: row for row in rows if may_see(context, row["id"])}
    return [found.get(identity) for identity in ids]


async def every(context: Context) -> Sequence[Row]:
    """The projects that the key of this request may see, by name; at most 1,000."""
    return await projects_of(context.database, context.viewer)


def may_see(context: Context, project_id: str | None) -> bool:
    """Whether a project is one of those that the key of this request opens."""
    return context.viewer.project_id in (None, project_id)


async def chosen(
    context: Context, filter: TraceFilter | None, argument: str = "filter"
) -> tuple[list[str], TraceFilter | None]:
    """The projects that a filter chooses, in order, and what else it says; one that chooses none means the request's.

    Raises NotFound for a project that the key may not see as for one that is not there, and Invalid.
    """
    choice = filter.project if filter else None
    if filter is None or choice is None:
        return [context.project_id], filter
    path, lists = [argument, "project"], list[list[str]]()
    if choice.eq is not None:
        lists.append([await _found(context, choice.eq, [*path, "eq"])])
    if choice.in_ is not None:
        if len(choice.in_) > MOST_CHOSEN:
            raise Invalid(f"At most {MOST_CHOSEN} projects; these are {len(choice.in_):,}.", path=[*path, "in"])
        lists.append([await _found(context, each, [*path, "in", str(n)]) for n, each in enumerate(choice.in_)])
    if choice.is_null:
        lists.append([])
    projects = set(lists[0]).intersection(*lists[1:]) if lists else {context.project_id}
    return sorted(projects), replace(filter, project=None)


async def _found(context: Context, wanted: str, path: Sequence[str]) -> str:
    try:
        return await project_of(context.database, context.viewer, wanted)
    except NotFound as error:
        raise NotFound(error.message, path=path) from error
