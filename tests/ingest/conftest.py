"""A writer in front of a real database, with a price that depends on all that a price may depend on."""

from collections.abc import AsyncIterator
from decimal import Decimal

import pytest

from auth.projects import create_project
from ingest.pricing import Call
from ingest.writer import Writer, open_writer
from models.database import Database, open_database
from models.ids import new_id
from pubsub.memory import MemoryBroker


def by_tokens(call: Call) -> Decimal | None:
    """A tenth of a cent per input token, twice that per output token; model "b" has no price."""
    if call.model == "b" or call.input_tokens is None:
        return None
    return Decimal(call.input_tokens + 2 * (call.output_tokens or 0)) / 1000


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    async with open_database(database_url) as opened:
        yield opened


@pytest.fixture
async def broker() -> MemoryBroker:
    return MemoryBroker()


@pytest.fixture
async def writer(database: Database, broker: MemoryBroker) -> AsyncIterator[Writer]:
    async with open_writer(database, broker, by_tokens) as opened:
        yield opened


async def new_project(database: Database) -> str:
    """An empty project."""
    project_id: str = (await create_project(database, f"project {new_id()}"))["id"]
    return project_id


@pytest.fixture
async def project_id(database: Database) -> str:
    return await new_project(database)
