"""News: what one process changes about keys and projects, every other forgets."""

from collections.abc import AsyncIterator
from dataclasses import replace
from functools import partial

import asyncpg
import pytest

from auth.keys import authenticate, confirm, create_key, revoke_key
from auth.lookup import KEPT_SECONDS
from auth.memory import memory_of
from auth.news import listen
from auth.projects import project_of, update_project
from auth.viewer import READ
from models.database import Database
from models.errors import NotFound, Unauthenticated
from models.watch import Watch
from tests.waiting import eventually

SOON = KEPT_SECONDS / 2


@pytest.fixture
async def elsewhere(database: Database, other_process: Database, database_url: str) -> AsyncIterator[Database]:
    """The same database in another process, which listens: it has forgotten what it knew when it began to."""
    watched = replace(other_process, watch=Watch())
    listen(watched)
    _, secret = await create_key(database, project_id=None, name="earlier", scopes=[READ])
    await authenticate(watched, secret)
    async with watched.watch.kept(partial(asyncpg.connect, database_url)):
        await eventually(lambda: forgets(watched))
        yield watched


async def test_a_key_that_was_revoked_elsewhere_is_refused_at_once(database: Database, elsewhere: Database) -> None:
    """A revocation reaches the other processes before what they remember would fade, on requests and on streams."""
    row, secret = await create_key(database, project_id=None, name="agent", scopes=[READ])
    viewer = await authenticate(elsewhere, secret)
    await confirm(elsewhere, viewer)
    await revoke_key(database, row["id"])

    assert await eventually(lambda: refused(elsewhere, secret), SOON)
    with pytest.raises(Unauthenticated):
        await confirm(elsewhere, viewer)


async def test_a_project_that_was_renamed_elsewhere_is_found_by_its_new_name_only(
    database: Database, elsewhere: Database, project_id: str
) -> None:
    """Nobody writes into a project by a name that has become another's."""
    _, secret = await create_key(database, project_id=None, name="agent", scopes=[READ])
    viewer = await authenticate(elsewhere, secret)
    assert await project_of(elsewhere, viewer, "shop") == project_id
    await update_project(database, project_id, name="store")

    async def gone() -> bool:
        try:
            await project_of(elsewhere, viewer, "shop")
        except NotFound:
            return True
        return False

    assert await eventually(gone, SOON)
    assert await project_of(elsewhere, viewer, "store") == project_id


async def forgets(database: Database) -> bool:
    """Whether nothing is remembered of keys."""
    return memory_of(database).keys.remembered == 0


async def refused(database: Database, secret: str) -> bool:
    try:
        await authenticate(database, secret)
    except Unauthenticated:
        return True
    return False
