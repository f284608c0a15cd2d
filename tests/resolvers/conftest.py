"""Contexts on a real database: whoever asks, in a project of their own."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from auth.projects import create_project
from auth.viewer import SCOPES, Viewer
from ingest.pricing import unpriced
from ingest.writer import open_writer
from models.database import Database, open_database
from models.ids import new_id
from pubsub.memory import MemoryBroker
from resolvers.context import Context

VIEWER = Viewer(key_id=new_id(), key_name="test", scopes=SCOPES, project_id=None, expires_at=None)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    async with open_database(database_url) as database:
        yield database


@pytest.fixture
async def context(database: Database) -> AsyncIterator[Context]:
    """Someone who may do everything, in a new project."""
    broker = MemoryBroker()
    async with open_writer(database, broker, unpriced) as writer:
        here = Context(viewer=VIEWER, project_id="", database=database, writer=writer, broker=broker)
        yield await elsewhere(here)


async def elsewhere(context: Context) -> Context:
    """The same person in another new project."""
    project = await create_project(context.database, f"project {new_id()}")
    return replace(context, project_id=project["id"])


def with_scopes(context: Context, *scopes: str) -> Context:
    """Someone who may only do so much, in the same project."""
    return replace(context, viewer=replace(context.viewer, scopes=frozenset(scopes)))
