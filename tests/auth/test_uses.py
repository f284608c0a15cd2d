"""When keys were last used."""

import asyncio
from datetime import UTC, datetime

import pytest

from auth.keys import authenticate, create_key, find_key
from auth.memory import memory_of
from auth.uses import write_uses
from auth.viewer import READ
from models.database import Database, open_database
from models.errors import Unavailable
from tests.fakes.database import noting


async def test_uses_are_written_together(database: Database) -> None:
    """Any number of uses of any number of keys is one statement, and using a key is none."""
    keys = [await create_key(database, project_id=None, name="agent", scopes=[READ]) for _ in range(3)]
    begin = datetime.now(UTC)
    noted = noting(database)
    for _, secret in keys * 5:
        await authenticate(noted, secret)
    looked_up = len(noted.statements)
    await write_uses(noted)
    await write_uses(noted)
    rows = [await find_key(database, row["id"]) for row, _ in keys]

    assert len(noted.statements) == looked_up + 1
    assert all(row is not None and begin <= row["last_used_at"] <= datetime.now(UTC) for row in rows)


async def test_the_latest_use_counts(database: Database, other_process: Database) -> None:
    """A process that writes late does not turn back the time."""
    row, secret = await create_key(database, project_id=None, name="agent", scopes=[READ])
    await authenticate(other_process, secret)
    await authenticate(database, secret)
    latest = memory_of(database).uses[row["id"]]
    await write_uses(database)
    await write_uses(other_process)
    found = await find_key(database, row["id"])

    assert found is not None
    assert found["last_used_at"] == latest


async def test_uses_wait_for_a_database_that_is_away(database_url: str) -> None:
    """What can't be written now is kept for the next time."""
    async with open_database(database_url, connections=1) as short_lived:
        row, secret = await create_key(short_lived, project_id=None, name="agent", scopes=[READ])
        await authenticate(short_lived, secret)
        short_lived.pool.terminate()
        with pytest.raises(Unavailable):
            await write_uses(short_lived)

        assert list(memory_of(short_lived).uses) == [row["id"]]


async def test_a_use_during_the_writing_is_not_lost(database: Database) -> None:
    """A key used while the uses are being written is written the next time."""
    row, secret = await create_key(database, project_id=None, name="agent", scopes=[READ])
    await authenticate(database, secret)
    writing = asyncio.ensure_future(write_uses(database))
    while not memory_of(database).uses.get(row["id"]) or not writing.done():
        await authenticate(database, secret)
        await asyncio.wait([writing], timeout=0)
    await write_uses(database)

    assert memory_of(database).uses == {}
