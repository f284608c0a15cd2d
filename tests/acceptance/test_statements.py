"""How many statements a document costs: one for each level of it, whatever the size of its pages."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest

from auth.projects import create_project
from auth.viewer import SCOPES, Viewer
from ingest.drafts import Draft, StepDraft, TraceDraft
from ingest.otlp.identity import is_span
from ingest.pricing import unpriced
from ingest.writer import open_writer
from models.ids import new_id
from models.values import Uuid
from operations.engine import Engine, engine
from pubsub.memory import MemoryBroker
from resolvers.context import Context
from schema.contract import contract
from tests.acceptance.statements import CountedDatabase, open_counted

START = datetime(2026, 11, 2, tzinfo=UTC)
TRACES = 60
STEPS = 12
ABSENT = "019ac000-0000-7000-8000-00000000000a"

CHILDREN = "children(first: 5) { nodes { name children(first: 5) { nodes { id } } } }"
DOCUMENTS = {
    "{ traces(first: 50) { nodes { steps(first: 20) { nodes { name } } } } }": 2,
    "{ traces(first: 50) { nodes { id name status usage { total } models } pageInfo { hasNextPage endCursor } } }": 1,
    "{ traces(first: 50) { totalCount edges { cursor node { id } } } }": 2,
    "{ traces(last: 50) { nodes { project { name } steps(last: 3) { nodes { input output } } } } }": 3,
    "{ traces(first: 50) { nodes { steps(first: 1) { totalCount } } } }": 3,
    f"{{ traces(first: 9) {{ nodes {{ steps(first: 9) {{ nodes {{ {CHILDREN} }} }} }} }} }}": 4,
    "{ traces(first: 50) { nodes { criticalPath { share step { name } } } } }": 3,
    "{ traces(first: 50) { nodes { grade { letter components { explanation } } } } }": 4,
    "{ traces(first: 50) { nodes { insights { title evidence { name } } } } }": 4,
    "{ steps(first: 50) { nodes { name trace { name status } } } }": 2,
    "{ steps(first: 50) { nodes { parent { name trace { id steps(first: 2) { nodes { id } } } } } } }": 4,
    "{ a: traces(first: 5) { nodes { id } } b: steps(first: 5) { nodes { id } } }": 2,
    f'{{ trace(id: "{ABSENT}") {{ name steps {{ nodes {{ name }} }} }} }}': 1,
    f'{{ node(id: "{ABSENT}") {{ id }} }}': 4,
    f'{{ nodes(ids: ["{ABSENT}", "no id", "{ABSENT}"]) {{ id }} }}': 4,
    "{ sessions(first: 5) { nodes { id cost traces(first: 9) { nodes { steps(first: 9) { nodes { name } } } } } } }": 3,
    "{ sessions(first: 5) { totalCount nodes { id usage { total } } } }": 2,
    '{ project(name: "counted") { name traceCount apiKeys { name } } projects { name } }': 4,
    "{ viewer { scopes projects { name } } }": 2,
    '{ traces(first: 50, filter: {tags: {hasAll: ["a"]}, anyStep: {model: {eq: "m"}}}) { totalCount } }': 2,
    '{ traces(first: 20, filter: {search: "step 3"}) { nodes { id steps(first: 2) { nodes { id } } } } }': 2,
    '{ steps(first: 50, traces: {environment: {eq: "live"}}, filter: {search: "nothing"}) { nodes { id } } }': 1,
    "{ __typename __schema { queryType { name } } }": 0,
}
LARGE = re.compile(r"\b(?:input|output)\b")
RECORD = """
mutation Record($input: IngestInput!) { ingest(input: $input) { accepted refused traces { status } steps { status } } }
"""


@pytest.fixture
async def counted(database_url: str) -> AsyncIterator[CountedDatabase]:
    async with open_counted(database_url) as opened:
        yield opened


@pytest.fixture
async def context(counted: CountedDatabase) -> AsyncIterator[Context]:
    """The surroundings of operations in a project of 60 traces with 12 steps each, the last three below the first."""
    viewer = Viewer(key_id=new_id(), key_name="test", scopes=SCOPES, project_id=None, expires_at=None)
    project = await create_project(counted.database, "counted")
    broker = MemoryBroker()
    async with open_writer(counted.database, broker, unpriced) as writer:
        for number in range(TRACES):
            await writer.record(project["id"], a_run(START + timedelta(minutes=number)))
        yield Context(viewer=viewer, project_id=project["id"], database=counted.database, writer=writer, broker=broker)


@pytest.fixture(scope="module", params=[True, False], ids=["planned", "by graphql-core"])
def either_engine(request: pytest.FixtureRequest) -> Engine:
    schema = contract._schema  # noqa: SLF001  Strawberry has no public way to it
    return engine(schema, planned=request.param)


async def test_documents_cost_a_statement_per_level(
    either_engine: Engine, context: Context, counted: CountedDatabase
) -> None:
    """Each document sends exactly as many statements as its levels need, by either executor."""
    costs = {document: len(await statements_of(either_engine, document, context, counted)) for document in DOCUMENTS}

    assert costs == DOCUMENTS


@pytest.mark.parametrize("asked", ["input", "output", ""])
async def test_large_columns_are_read_only_when_asked_for(
    either_engine: Engine, context: Context, counted: CountedDatabase, asked: str
) -> None:
    """The plan reads inputs and outputs of exactly the traces and steps of which they are selected, and no other."""
    plain = "id name usage { input output }"
    for outer, inner in ((f"{plain} {asked}", plain), (plain, f"{plain} {asked}")):
        document = f"{{ traces(first: 9) {{ nodes {{ {outer} steps(first: 9) {{ nodes {{ {inner} }} }} }} }} }}"
        statements = await statements_of(either_engine, document, context, counted)
        read = [set(LARGE.findall(statement)) for statement in statements]
        if either_engine.planner is None:  # the reference reads whole rows
            assert read == [{"input", "output"}] * 2
        else:
            assert read == [{asked} & set(outer.split()[-1:]), {asked} & set(inner.split()[-1:])]


async def test_recording_costs_the_same_for_one_as_for_many(
    either_engine: Engine, context: Context, counted: CountedDatabase
) -> None:
    """A batch is one transaction of as many statements as a single run with its steps."""
    few, many = [
        await statements_of(either_engine, RECORD, context, counted, (a_batch(runs), a_batch(runs))) for runs in (1, 40)
    ]

    assert len(few) == len(many), many


async def test_every_statement_is_counted(counted: CountedDatabase) -> None:
    """What goes through the database's own methods and what goes through its connections is all noted."""
    await counted.taken()
    await counted.database.fetch("SELECT 1 WHERE $1", True)
    async with counted.database.connection() as connection, connection.transaction():
        await connection.execute("SET LOCAL work_mem = '1MB'")
        await connection.fetchval("SELECT 2")

    assert await counted.taken() == ["SELECT 1 WHERE $1", "BEGIN;", "SET LOCAL work_mem = '1MB'", "SELECT 2", "COMMIT;"]


async def statements_of(
    engine: Engine,
    document: str,
    context: Context,
    counted: CountedDatabase,
    variables: Sequence[dict[str, Any]] = ({}, {}),
) -> list[str]:
    """The statements of a document's last run; the first one taught the driver its types."""
    statements: list[str] = []
    for given in variables:
        await counted.taken()
        answer = await engine.run(engine.prepare(document, None), given, replace(context, loaders={}))
        assert "errors" not in orjson.loads(answer.body), answer.body
        statements = await counted.taken()
    return statements


def a_run(start: datetime) -> list[Draft]:
    """A trace with 12 steps, the last three of them called by the first."""
    trace = Uuid(new_id())
    steps = [Uuid(new_id()) for _ in range(STEPS)]
    return [
        TraceDraft(id=trace, name="run", start_time=start, session_id=f"{start.minute // 10}"),
        *(
            StepDraft(
                id=step,
                trace_id=trace,
                parent_id=steps[0] if number >= STEPS - 3 else None,
                name=f"step {number}",
                start_time=start + timedelta(seconds=number),
            )
            for number, step in enumerate(steps)
        ),
    ]


def a_batch(runs: int) -> dict[str, Any]:
    """The variables that record so many runs of two steps."""
    traces = [{"id": new_id(), "name": "run"} for _ in range(runs)]
    steps = [{"id": an_id(), "traceId": trace["id"], "name": "step"} for trace in traces for _ in range(2)]
    return {"input": {"traces": traces, "steps": steps}}


def an_id() -> str:
    """A new id that nobody takes for a span's, whose children are looked for: one of 4,096 looks like one by chance."""
    return next(identity for identity in iter(new_id, None) if not is_span(identity))
