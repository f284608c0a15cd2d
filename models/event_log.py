"""The event log: the commits after a position, the last position of a project, and the end of what is too old."""

from datetime import datetime
from typing import NamedTuple

from models.database import Database


class LoggedCommit(NamedTuple):
    """The events of one commit, as they were written: positions first to last, without a gap."""

    first_position: int
    last_position: int
    payload: str


# read_log: by primary key. Positions are dense, so the second condition bounds the number of events: a long commit is
# not joined by a hundred more. The payloads of the rows that it leaves out are never read.
READ = """
SELECT first_pos, last_pos, events FROM (
    SELECT first_pos, last_pos, events FROM event_log
    WHERE project_id = $1 AND last_pos > $2 ORDER BY last_pos LIMIT $3
) AS following
WHERE first_pos <= $2 + $3
"""

# head: the row that every writer of the project locks.
HEAD = "SELECT position FROM event_heads WHERE project_id = $1"

# trim_log: the oldest commits of a project, by primary key; those that are young enough are looked at and left.
TRIM = """
DELETE FROM event_log WHERE project_id = $1 AND last_pos IN (
    SELECT last_pos FROM (
        SELECT last_pos, committed_at FROM event_log WHERE project_id = $1 ORDER BY last_pos LIMIT $3
    ) AS oldest
    WHERE committed_at < $2
)
"""
HEADS = "SELECT project_id FROM event_heads ORDER BY project_id"
TRIMMED_AT_ONCE = 2_000


async def read_log(database: Database, project_id: str, after: int, limit: int) -> list[LoggedCommit]:
    """The next commits after a position, in order, with about `limit` events in all.

    Where the log was trimmed the first of them starts further on than `after + 1`, or there is none.
    """
    rows = await database.fetch(READ, project_id, after, limit)
    return [LoggedCommit(row["first_pos"], row["last_pos"], row["events"]) for row in rows]


async def head(database: Database, project_id: str) -> int:
    """The last position that is committed in a project; 0 when nothing has happened yet."""
    row = await database.fetchrow(HEAD, project_id)
    return 0 if row is None else int(row["position"])


async def trim_log(database: Database, before: datetime) -> int:
    """Delete what was committed before a moment, a little at a time; returns how many commits went.

    Whoever follows from further back is told that its cursor has expired.
    """
    trimmed = 0
    for head in await database.fetch(HEADS):
        gone = TRIMMED_AT_ONCE
        while gone == TRIMMED_AT_ONCE:
            tag = await database.execute(TRIM, head["project_id"], before, TRIMMED_AT_ONCE)
            gone = int(tag.removeprefix("DELETE "))
            trimmed += gone
    return trimmed
