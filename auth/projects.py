"""Projects: made, found by name or id, and the one a request works in."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from auth.audit import Act, record_act
from auth.memory import memory_of
from auth.news import tell
from auth.viewer import Viewer
from models.database import Database
from models.errors import Conflict, Invalid, NotFound
from models.ids import new_id
from models.rows import Row
from models.targets import CALLED, Targets, check_targets, given, json_of_targets

DEFAULT = "default"
LONGEST_NAME = 200
LONGEST_RETENTION = 36_500

COLUMNS = "id, name, retention_days, created_at"

# create_project: the head of its event log comes into being with it.
INSERT = f"""
INSERT INTO projects (id, name, retention_days, created_at) VALUES ($1, $2, $3, $4) RETURNING {COLUMNS}
"""
INSERT_HEAD = "INSERT INTO event_heads (project_id, position) VALUES ($1, 0)"

# update_project: what is not to change keeps its value.
UPDATE = f"""
UPDATE projects SET name = coalesce($2, name), retention_days = CASE WHEN $3 THEN $4 ELSE retention_days END,
    targets = coalesce($5::jsonb, targets)
WHERE id = $1
RETURNING {COLUMNS}
"""

# find_project and the projects of a viewer.
BY_ID = f"SELECT {COLUMNS} FROM projects WHERE id = $1"
BY_NAME = f"SELECT {COLUMNS} FROM projects WHERE name = $1"
ALL = f"SELECT {COLUMNS} FROM projects ORDER BY name LIMIT $1"

MOST = 1_000


@dataclass(frozen=True, kw_only=True)
class Retention:
    """For how many days traces are kept; None keeps them for good."""

    days: int | None


async def create_project(
    database: Database, name: str, *, retention_days: int | None = None, actor_id: str | None = None
) -> Row:
    """Make a project; `actor_id` is the key of whoever makes it, for the audit log.

    Raises Invalid for a bad name or retention, Conflict for a name that is taken.
    """
    _check_name(name)
    _check_retention(retention_days)
    project_id = new_id()
    details = {"name": name, "retentionDays": retention_days}
    with _told_of_conflict(name):
        async with database.connection() as connection, connection.transaction():
            row = await connection.fetchrow(INSERT, project_id, name, retention_days, datetime.now(UTC))
            await connection.execute(INSERT_HEAD, project_id)
            await record_act(connection, _act("project.created", project_id, actor_id, details))
    assert row is not None  # noqa: S101  an INSERT returns its row
    return row


async def update_project(
    database: Database,
    project_id: str,
    *,
    name: str | None = None,
    retention: Retention | None = None,
    targets: Targets | None = None,
    actor_id: str | None = None,
) -> Row | None:
    """Change what is given; returns the row as it is now, or None when there is no such project.

    Raises Invalid for a bad name, retention or target, Conflict for a name that is taken.
    """
    details: dict[str, object] = {}
    if name is not None:
        _check_name(name)
        details["name"] = name
    if retention is not None:
        _check_retention(retention.days)
        details["retentionDays"] = retention.days
    if targets is not None:
        check_targets(targets)
        details["targets"] = {CALLED[key]: value for key, value in given(targets).items()}
    days = None if retention is None else retention.days
    wanted = None if targets is None else json_of_targets(targets)
    with _told_of_conflict(name):
        async with database.connection() as connection, connection.transaction():
            row = await connection.fetchrow(UPDATE, project_id, name, retention is not None, days, wanted)
            if row is not None:
                await record_act(connection, _act("project.updated", project_id, actor_id, details))
                await tell(connection)
    memory_of(database).forget()
    return row


async def find_project(database: Database, name_or_id: str) -> Row | None:
    """The project with this name or id, or None."""
    identity = _id_in(name_or_id)
    if identity is not None:
        return await database.fetchrow(BY_ID, identity)
    return await database.fetchrow(BY_NAME, name_or_id)


async def projects_of(database: Database, viewer: Viewer) -> Sequence[Row]:
    """The projects that a viewer may see, by name; at most 1,000."""
    if viewer.project_id is not None:
        return await database.fetch(BY_ID, viewer.project_id)
    return await database.fetch(ALL, MOST)


async def project_of(database: Database, viewer: Viewer, wanted: str | None) -> str:
    """The id of the project in which a request works: the one it wants (name or id), else the key's own.

    A key for all projects that names none works in the project "default". Raises NotFound for a project that is not
    there and, in the same words, for one that the key can't open; Invalid when nothing says which project is meant.
    """
    if wanted is None:
        return viewer.project_id or await _default(database)
    project_id = await _id_of(database, wanted, only=viewer.project_id)
    if project_id is None or viewer.project_id not in (None, project_id):
        raise NotFound("There is no such project.", path=["project"])
    return project_id


async def ensure_project(database: Database, name: str) -> Row:
    """The project with this name, made if need be; several processes may do so at once."""
    row = await find_project(database, name)
    if row is not None:
        return row
    try:
        return await create_project(database, name)
    except Conflict:
        row = await find_project(database, name)
        assert row is not None  # noqa: S101  projects are never deleted
        return row


async def _default(database: Database) -> str:
    project_id = await _id_of(database, DEFAULT)
    if project_id is None:
        raise Invalid(
            "This key opens all projects: name one in the header X-Tracegraph-Project (connection_init: project).",
            path=["project"],
        )
    return project_id


async def _id_of(database: Database, name_or_id: str, only: str | None = None) -> str | None:
    known = memory_of(database).projects
    project_id = known.get(name_or_id)
    # What only others may open is looked up as if nobody did: a sooner answer would tell that it is there, and in use.
    if project_id is None or only not in (None, project_id):
        row = await find_project(database, name_or_id)
        if row is None:
            return None
        project_id = str(row["id"])
        known.put(name_or_id, project_id)
    return project_id


def _act(action: str, project_id: str, actor_id: str | None, details: Mapping[str, object]) -> Act:
    return Act(action=action, actor_id=actor_id, project_id=project_id, subject_id=project_id, details=details)


@contextmanager
def _told_of_conflict(name: str | None) -> Iterator[None]:
    try:
        yield
    except Conflict as error:
        raise Conflict(f"There is a project named {name!r} already.", path=["name"]) from error


def _check_name(name: str) -> None:
    if not name.strip() or len(name) > LONGEST_NAME or not name.isprintable():
        raise Invalid(f"A project's name has 1 to {LONGEST_NAME} printable characters.", path=["name"])
    if _id_in(name) is not None:
        raise Invalid("A project's name can't look like an id.", path=["name"])


def _check_retention(days: int | None) -> None:
    if days is not None and not 1 <= days <= LONGEST_RETENTION:
        raise Invalid(f"Traces are kept for 1 to {LONGEST_RETENTION:,} days, or for good.", path=["retentionDays"])


def _id_in(text: str) -> str | None:
    try:
        return str(UUID(text))
    except ValueError:
        return None
