"""The development key."""

import asyncio

import pytest

from auth.development import ensure_development_key
from auth.keys import authenticate, revoke_key
from auth.projects import find_project, project_of
from auth.viewer import SCOPES
from models.database import Database
from models.errors import Unauthenticated

SECRET = "tg_dev"


async def test_the_development_key_opens_everything(database: Database) -> None:
    """It has all scopes, and works in the project "default" that is made with it."""
    await ensure_development_key(database, SECRET)
    viewer = await authenticate(database, SECRET)
    default = await find_project(database, "default")

    assert default is not None
    assert viewer.scopes == SCOPES
    assert await project_of(database, viewer, None) == default["id"]


async def test_starting_again_changes_nothing(database: Database) -> None:
    """However often and by however many processes it is ensured: one key, showing no more than a third of it."""
    await asyncio.gather(*(ensure_development_key(database, SECRET) for _ in range(3)))
    await ensure_development_key(database, SECRET)
    rows = await database.fetch("SELECT prefix FROM api_keys")

    assert [row["prefix"] for row in rows] == ["tg"]


async def test_a_revoked_development_key_stays_revoked(database: Database) -> None:
    """A restart does not undo a revocation."""
    await ensure_development_key(database, SECRET)
    viewer = await authenticate(database, SECRET)
    await revoke_key(database, viewer.key_id)
    await ensure_development_key(database, SECRET)

    with pytest.raises(Unauthenticated):
        await authenticate(database, SECRET)
