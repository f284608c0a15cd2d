"""A database for keys and projects."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from auth.projects import create_project
from models.database import Database, open_database


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    async with open_database(database_url, connections=4) as database:
        yield database


@pytest.fixture
def other_process(database: Database) -> Database:
    """The same database as another process has it open: with a memory of its own."""
    return replace(database, read_deadline=database.read_deadline - 1)


@pytest.fixture
async def project_id(database: Database) -> str:
    row = await create_project(database, "shop")
    return str(row["id"])
