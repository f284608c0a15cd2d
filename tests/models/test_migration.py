"""Migrations: the database they make is the one that models and records speak of, and one runner works at a time."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest
from tortoise import Tortoise

from ingest.records import StepRecord, TraceRecord
from models.database import configuration
from models.migration import migrate
from tests.conftest import NamedServer
from tests.databases import cloned_database

# Column by column what the database has: PostgreSQL's name of the type, and whether it may be null.
COLUMNS = """
SELECT column_name, udt_name, is_nullable = 'YES' FROM information_schema.columns
WHERE table_schema = 'public' AND table_name = $1
"""
FIELDS = """
SELECT attname FROM pg_attribute JOIN pg_type ON pg_type.typrelid = attrelid WHERE typname = $1 ORDER BY attnum
"""
TYPES = {
    "UUIDField": {"uuid"},
    "TextField": {"text"},
    "DatetimeField": {"timestamptz"},
    "IntField": {"int4"},
    "BigIntField": {"int8"},
    "FloatField": {"float8"},
    "BooleanField": {"bool"},
    "DecimalField": {"numeric"},
    "BinaryField": {"bytea"},
    "JSONField": {"json", "jsonb"},
    "TextArrayField": {"_text"},
    "IntArrayField": {"_int4"},
    "BigIntArrayField": {"_int8"},
}


@pytest.fixture
async def connection(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(database_url)
    yield connection
    await connection.close()


async def test_models_and_database_agree(database_url: str, connection: asyncpg.Connection) -> None:
    """Every model has its table, with just its columns, of its types, nullable where it says so."""
    await Tortoise.init(config=configuration(database_url), _enable_global_fallback=True, init_connections=False)
    assert Tortoise.apps is not None

    for model in Tortoise.apps["models"].values():
        description = model.describe(serializable=False)
        fields = [description["pk_field"], *description["data_fields"]]
        declared = {
            field["db_column"]: (TYPES[field["field_type"].__name__], field["nullable"] or field["generated"])
            for field in fields
        }
        found = {name: (kind, null) for name, kind, null in await connection.fetch(COLUMNS, description["table"])}

        assert declared.keys() == found.keys()
        for name, (kinds, null) in declared.items():
            assert found[name][0] in kinds, name
            assert found[name][1] <= null, name


@pytest.mark.parametrize(("record", "name"), [(TraceRecord, "trace_record"), (StepRecord, "step_record")])
async def test_records_and_composites_agree(
    connection: asyncpg.Connection, record: type[TraceRecord | StepRecord], name: str
) -> None:
    """A record's fields are those of its composite type, in the same order."""
    fields = [row[0] for row in await connection.fetch(FIELDS, name)]

    assert fields == list(record._fields)


async def test_migrating_twice_changes_nothing(database_url: str) -> None:
    """A migrated database has nothing left to apply."""
    assert await migrate(database_url) == []


async def test_two_runners_take_turns(postgres: NamedServer) -> None:
    """Of two runners at once one applies everything, and the other finds nothing left to do."""
    async with cloned_database(postgres.url) as url:
        guard = await asyncpg.connect(url)
        await guard.execute("SELECT pg_advisory_lock(7468130355)")
        waiting = asyncio.create_task(migrate(url))
        await _waits_for_lock(guard)
        assert await guard.fetchval("SELECT count(*) FROM pg_tables WHERE tablename = 'traces'") == 0
        await guard.close()

        applied = await waiting

        assert applied[0] == "0001_initial"
        assert await migrate(url) == []


async def _waits_for_lock(connection: asyncpg.Connection) -> None:
    waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
    while not await connection.fetchval(waiting):  # noqa: ASYNC110  PostgreSQL gives no event
        await asyncio.sleep(0)
