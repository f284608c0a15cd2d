"""Answers to mutations that administer: projects and the keys that open them, each act in the audit log."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from strawberry import UNSET

from auth import keys, projects
from auth.projects import Retention, project_of
from auth.viewer import ADMIN, require
from models.enums import Scope
from models.errors import Conflict, Invalid, NotFound, Refused
from models.ids import canonical
from models.targets import Targets
from models.values import Id
from resolvers.context import Context
from resolvers.projects import may_see

NO_PROJECT = "There is no such project."
NO_KEY = "There is no such key."


@dataclass(frozen=True, kw_only=True)
class ProjectDraft:
    """A new project."""

    name: str
    """Its name, unique on this server; not one that looks like an id."""
    retention_days: int | None = None
    """Traces that started longer ago than this many days are deleted, up to 36,500; without it they are kept."""


@dataclass(frozen=True, kw_only=True)
class ProjectChange:
    """What is to change about a project; what is left out stays as it is."""

    id: Id
    """Which project."""
    name: str | None = None
    """Its new name."""
    retention_days: int | None = UNSET
    """Traces that started longer ago than this many days are deleted, up to 36,500; null keeps them from now on."""
    targets: Targets | None = None
    """What grades measure against, in place of all targets it had; one that is left out is none from now on."""


@dataclass(frozen=True, kw_only=True)
class KeyDraft:
    """A new key."""

    project: Id | None = None
    """The only project that it opens, by id or name; without one, it opens whatever the key opens that makes it."""
    name: str
    """What it is for."""
    scopes: Sequence[Scope]
    """What it may do; at least one."""
    expires_at: datetime | None = None
    """When it stops working; without it, when it is revoked."""


@dataclass(frozen=True, kw_only=True)
class KeyChoice:
    """A key that is there."""

    id: Id
    """Which key."""


async def create_project(context: Context, input: ProjectDraft) -> Mapping[str, Any]:
    """Make a project; needs the scope ADMIN and a key for all projects."""
    require(context.viewer, ADMIN)
    if context.viewer.project_id is not None:
        raise Refused(f"The key {context.viewer.key_name!r} opens one project and can't make others.")
    with _refusals("project") as answer:
        answer["project"] = await projects.create_project(
            context.database,
            input.name,
            retention_days=input.retention_days,
            actor_id=context.viewer.key_id,
        )
    return answer


async def update_project(context: Context, input: ProjectChange) -> Mapping[str, Any]:
    """Rename a project, change for how long its traces are kept, or its targets; needs the scope ADMIN.

    A name is taken once among all projects, so that only a key for all projects may choose one.
    """
    require(context.viewer, ADMIN)
    if context.viewer.project_id is not None and input.name is not None:
        raise Refused(f"The key {context.viewer.key_name!r} opens one project and can't rename it.")
    with _refusals("project") as answer:
        identity = canonical(input.id)
        row = None
        if identity is not None and may_see(context, identity):
            row = await projects.update_project(
                context.database,
                identity,
                name=input.name,
                retention=None if input.retention_days is UNSET else Retention(days=input.retention_days),
                targets=input.targets,
                actor_id=context.viewer.key_id,
            )
        if row is None:
            raise NotFound(NO_PROJECT, path=["id"])
        answer["project"] = row
    return answer


async def create_api_key(context: Context, input: KeyDraft) -> Mapping[str, Any]:
    """Make a key and show its secret, this one time; needs the scope ADMIN. It opens no more than the key making it."""
    require(context.viewer, ADMIN)
    with _refusals("api_key", "secret") as answer:
        project_id = context.viewer.project_id
        if input.project is not None:
            project_id = await project_of(context.database, context.viewer, input.project)
        answer["api_key"], answer["secret"] = await keys.create_key(
            context.database,
            project_id=project_id,
            name=input.name,
            scopes={scope.value for scope in input.scopes},
            expires_at=input.expires_at,
            actor_id=context.viewer.key_id,
        )
    return answer


async def revoke_api_key(context: Context, input: KeyChoice) -> Mapping[str, Any]:
    """End a key for good; it is refused at once, and its streams end within 30 seconds. Needs the scope ADMIN."""
    require(context.viewer, ADMIN)
    with _refusals("api_key") as answer:
        identity = canonical(input.id)
        row = None if identity is None else await keys.find_key(context.database, identity)
        if row is None or not may_see(context, row["project_id"]):
            raise NotFound(NO_KEY, path=["id"])
        answer["api_key"] = await keys.revoke_key(context.database, row["id"], actor_id=context.viewer.key_id)
    return answer


@contextmanager
def _refusals(*things: str) -> Iterator[dict[str, Any]]:
    """An answer without its things, and with the refusal that the body ends with, if it does."""
    answer: dict[str, Any] = {**dict.fromkeys(things), "user_errors": []}
    try:
        yield answer
    except (Invalid, NotFound, Conflict) as fault:
        path = ["input", *fault.path]
        answer["user_errors"] = [{"code": fault.code, "message": fault.message, "path": path}]
