"""Who is asking, as they see themselves."""

from collections.abc import AsyncIterator

import pytest

from auth.keys import authenticate, create_key
from auth.projects import create_project
from auth.viewer import ADMIN, READ
from ingest.pricing import unpriced
from ingest.writer import open_writer
from models.database import Database, open_database
from pubsub.memory import MemoryBroker
from resolvers.context import Context
from resolvers.viewer import viewer


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    async with open_database(database_url) as database:
        yield database


@pytest.mark.parametrize(("bound", "expected"), [(True, ["shop"]), (False, ["other", "shop"])])
async def test_a_viewer_sees_its_key_and_its_projects(database: Database, bound: bool, expected: list[str]) -> None:
    """The key that was sent, what it may do, and the projects it opens: its own, or all."""
    shop = await create_project(database, "shop")
    await create_project(database, "other")
    project_id = shop["id"] if bound else None
    key, secret = await create_key(database, project_id=project_id, name="agent", scopes=[READ, ADMIN])
    broker = MemoryBroker()
    async with open_writer(database, broker, unpriced) as writer:
        context = Context(
            viewer=await authenticate(database, secret),
            project_id=shop["id"],
            database=database,
            writer=writer,
            broker=broker,
        )
        found = await viewer(context)

    assert found["api_key"]["id"] == key["id"]
    assert [project["name"] for project in found["projects"]] == expected
    assert found["scopes"] == ["ADMIN", "READ"]
