"""Answers about who is asking."""

from __future__ import annotations

from auth.keys import find_key
from auth.projects import projects_of
from models.rows import Row
from resolvers.context import Context


async def viewer(context: Context) -> Row:
    """Who is asking: the key that came with the request, and what it opens."""
    return {
        "api_key": await find_key(context.database, context.viewer.key_id),
        "projects": await projects_of(context.database, context.viewer),
        "scopes": sorted(context.viewer.scopes),
    }
