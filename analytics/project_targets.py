"""The targets that projects have set."""

from __future__ import annotations

from collections.abc import Sequence

from models.database import Database
from models.targets import Targets, targets_in

OF_PROJECTS = "SELECT id, targets FROM projects WHERE id = ANY ($1::uuid[])"
NONE = Targets()


async def targets_of(database: Database, project_ids: Sequence[str]) -> dict[str, Targets]:
    """The targets of each project; those of one that is not there are none."""
    rows = await database.fetch(OF_PROJECTS, sorted(set(project_ids)))
    return dict.fromkeys(project_ids, NONE) | {row["id"]: targets_in(row["targets"]) for row in rows}
