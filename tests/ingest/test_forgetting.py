"""Events that are too old are forgotten; those that are not are kept, and nothing else changes."""

import asyncio
from datetime import UTC, datetime, timedelta

from auth.projects import create_project
from ingest.forgetting import keep_forgetting
from models.database import Database
from models.event_log import TRIMMED_AT_ONCE, head, read_log, trim_log
from tests.waiting import eventually

NOW = datetime.now(UTC)
LOG = """
INSERT INTO event_log (project_id, last_pos, first_pos, events, committed_at)
SELECT $1, n, n, '[]', $2::timestamptz + n * interval '1 second' FROM generate_series(1, $3::bigint) AS n
"""
HEAD = "UPDATE event_heads SET position = $2 WHERE project_id = $1"


async def a_log(database: Database, name: str, commits: int) -> str:
    """A project with so many commits, a second apart, the first a second after now."""
    project_id: str = (await create_project(database, name))["id"]
    await database.execute(LOG, project_id, NOW, commits)
    await database.execute(HEAD, project_id, commits)
    return project_id


async def test_what_is_older_goes_in_every_project(database: Database) -> None:
    """However much it is, all that is older goes, and the rest stays with its positions."""
    commits = TRIMMED_AT_ONCE + 10
    one, two = await a_log(database, "one", commits), await a_log(database, "two", 3)
    trimmed = await trim_log(database, NOW + timedelta(seconds=commits - 4))

    assert trimmed == commits - 5 + 3
    assert [commit.last_position for commit in await read_log(database, one, 0, commits)] == [
        *range(commits - 4, commits + 1)
    ]
    assert [await head(database, project) for project in (one, two)] == [commits, 3]
    assert await trim_log(database, NOW) == 0


async def test_forgetting_goes_on_by_itself(database: Database) -> None:
    """In the background what has become too old goes."""
    project = await a_log(database, "one", 3)

    async def is_empty() -> bool:
        return not await read_log(database, project, 0, 10)

    age, every = timedelta(days=-1), timedelta(milliseconds=10)
    forgetting = asyncio.create_task(keep_forgetting(database, age, every))
    await eventually(is_empty)
    forgetting.cancel()
    await asyncio.gather(forgetting, return_exceptions=True)
