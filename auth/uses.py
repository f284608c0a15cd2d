"""When each key was last used: noted in memory by every request, written down about once a minute."""

import asyncio
import contextlib

from auth.memory import memory_of
from models.database import Database
from models.errors import Unavailable

EVERY_SECONDS = 60.0

# write_uses: several processes note uses of the same key; the latest counts.
WRITE = """
UPDATE api_keys SET last_used_at = greatest(last_used_at, noted.used_at)
FROM unnest($1::uuid[], $2::timestamptz[]) AS noted (id, used_at)
WHERE api_keys.id = noted.id
"""


async def keep_uses(database: Database) -> None:
    """Write the noted uses every minute, until cancelled; a database that is away gets them later."""
    while True:
        await asyncio.sleep(EVERY_SECONDS)
        with contextlib.suppress(Unavailable):
            await write_uses(database)


async def write_uses(database: Database) -> None:
    """Write what was noted since the last time. Raises Unavailable and keeps the notes when the database does."""
    uses = memory_of(database).uses
    noted = dict(uses)
    if not noted:
        return
    await database.execute(WRITE, list(noted), list(noted.values()))
    for key_id, used_at in noted.items():
        if uses.get(key_id) == used_at:
            del uses[key_id]
