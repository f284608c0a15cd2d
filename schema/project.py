"""Projects, the keys that open them, and who is asking."""

from __future__ import annotations

from datetime import datetime

from models.enums import Scope
from models.values import Id
from resolvers import grades, projects
from schema.answers import answer
from schema.grade import Targets
from schema.node import Node
from schema.row import of_row


@of_row
class Project(Node):
    """What every trace belongs to; the unit of isolation, retention and access."""

    id: Id
    """The id that the server gave it."""
    name: str
    """Its name, unique on this server."""
    retention_days: int | None
    """Traces older than this many days are deleted; null keeps them."""
    created_at: datetime
    """When it was made."""
    trace_count: int = answer(projects.trace_counts)
    targets: Targets = answer(grades.targets_of_projects)
    api_keys: list[ApiKey] = answer(projects.keys_of)


@of_row
class ApiKey(Node):
    """A secret that opens one project, or all of them. The secret itself is not kept."""

    id: Id
    """The id that the server gave it."""
    name: str
    """What it is for."""
    prefix: str
    """The first characters of the secret, to recognise it by."""
    scopes: list[Scope]
    """What it may do."""
    project: Project | None = answer(projects.of_rows)
    created_at: datetime
    """When it was made."""
    expires_at: datetime | None
    """When it stops working; null when it does not expire."""
    last_used_at: datetime | None
    """When it was last used, to the minute."""
    revoked_at: datetime | None
    """When it was revoked; null while it works."""


@of_row
class Viewer:
    """Who is asking."""

    api_key: ApiKey
    """The key that came with the request."""
    projects: list[Project]
    """The projects it may see."""
    scopes: list[Scope]
    """What it may do."""
