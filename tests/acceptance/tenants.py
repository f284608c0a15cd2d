"""Two projects behind one application, and the names of a third that is gone; every statement is noted."""

from __future__ import annotations

import re
import secrets
from collections.abc import AsyncIterator, Awaitable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import httpx
from graphql import GraphQLSchema
from starlette.applications import Starlette

from auth.keys import create_key
from auth.memory import open_memory
from auth.projects import create_project
from auth.viewer import SCOPES
from export.exporter import Exporter
from ingest.pricing import unpriced
from ingest.writer import open_writer
from models.event_log import head, read_log
from models.ids import new_id
from operations.engine import Engine
from pubsub import cursor
from pubsub.broker import open_broker
from pubsub.log import Log
from server.admission import Admission
from server.application import Resources, application, contract_engine
from server.doors import Doors
from server.drain import Drain
from server.health import Preparation
from server.settings import Settings
from tests.acceptance.statements import CountedDatabase, open_counted
from tests.acceptance.walk import Names, Question

# A walk asks for more at once than anybody should.
GENEROUS = Settings(
    max_cost=10**9, max_document_bytes=10**6, max_document_tokens=10**5, max_depth=50, max_aliases=10**4
)
RECORD = "mutation($i: IngestInput!) { ingest(input: $i) { accepted refused } }"
FORGET = """
DELETE FROM {} WHERE project_id = $1
"""
TABLES = ("traces", "trace_steps", "trace_analytics", "event_log", "event_heads", "api_keys")
FORGET_PROJECT = """
DELETE FROM projects WHERE id = $1
"""
NOW_AND_THEN = re.compile(
    "pg_catalog|set_config|shared_secrets|WHERE digest = ANY|FROM api_keys WHERE id = |AS waiting"
)
# What differs from one answer to the next: ids and times of what is made, secrets, cursors and tickets of exports.
PASSING = re.compile(
    r'(?<=ursor":)"[^"]*"|(?<="durationMs":)-?[\d.]+|/exports/[\w.-]+|tg_[\w-]+'
    r"|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z"
)


@dataclass(frozen=True, kw_only=True)
class Tenant:
    """A project, its only key, and what names its things."""

    project_id: str
    client: httpx.AsyncClient
    secret: str
    names: Names


@dataclass(frozen=True, kw_only=True)
class World:
    """Mine and theirs behind one application; `absent` are the names of what was there once, and is gone."""

    mine: Tenant
    theirs: Tenant
    absent: Names
    counted: CountedDatabase
    engine: Engine
    admission: Admission
    paths: frozenset[str]

    async def ask(self, tenant: Tenant, question: Question) -> tuple[str, list[str]]:
        """The answer to a question, and the statements that it cost."""
        body = {"query": question.document, "variables": question.variables}
        return await self.cost_of(tenant.client.post("/graphql", json=body))

    async def cost_of(self, request: Awaitable[httpx.Response]) -> tuple[str, list[str]]:
        """The answer to a request, and the statements that it cost, sorted: those of a level run side by side.

        Those by which the driver learns types, those that look up keys and secrets, and those that look for children of
        what has the id of a span (as one new id of 4,096 seems to), come now and then.
        """
        response = await request
        statements = sorted(each for each in await self.counted.taken() if not NOW_AND_THEN.search(each))
        return f"{response.status_code} {response.text}", statements


def masked(answer: str, names: Names) -> str:
    """An answer without the names that it may repeat, and without what is never the same twice."""
    for name in (*names.ids, names.word, *names.cursors.values()):
        answer = answer.replace(name, "?")
    return PASSING.sub("?", answer)


@asynccontextmanager
async def open_world(database_url: str, redis_url: str, schema: GraphQLSchema) -> AsyncIterator[World]:
    """Mine with a few traces of its own, theirs with a word in every text, and a third that is taken away again."""
    async with open_counted(database_url) as counted:
        database = counted.database
        open_memory(database, None)
        log = Log(read=partial(read_log, database), head=partial(head, database), trouble=())
        async with open_broker(redis_url, log) as broker, open_writer(database, broker, unpriced) as writer:
            admission = Admission(database=database, writer=writer, broker=broker)
            exporter = Exporter(database=database, url=database_url, connections=1, seconds=60.0)
            resources = Resources(
                database=database,
                broker=broker,
                admission=admission,
                exporter=exporter,
                preparation=Preparation(),
                redis_answers=broker_answers,
            )
            served = application(resources, GENEROUS, Drain(1.0))
            assert isinstance(served, Doors)
            assert isinstance(served.others, Starlette)
            paths = frozenset(getattr(route, "path", "") for route in served.others.routes)
            open_client = partial(httpx.AsyncClient, transport=httpx.ASGITransport(served), base_url="http://here")
            async with open_client() as mine, open_client() as theirs, open_client() as gone:
                tenants = [
                    await settled(counted, schema, client, f"{name}-{secrets.token_hex(6)}")
                    for name, client in (("my-own", mine), ("theirs", theirs), ("vanished", gone))
                ]
                for table in TABLES:
                    await database.execute(FORGET.format(table), tenants[2].project_id)
                await database.execute(FORGET_PROJECT, tenants[2].project_id)
                # What is remembered of theirs, because they are here, must not make a difference either.
                open_memory(database, None)
                by_name = {"x-tracegraph-project": tenants[1].names.word}
                assert (await theirs.get("/graphql?query={viewer{scopes}}", headers=by_name)).is_success
                await counted.taken()
                yield World(
                    mine=tenants[0],
                    theirs=tenants[1],
                    absent=tenants[2].names,
                    counted=counted,
                    engine=contract_engine(GENEROUS),
                    admission=admission,
                    paths=paths,
                )


async def broker_answers() -> bool:
    """Redis is there."""
    return True


async def settled(counted: CountedDatabase, schema: GraphQLSchema, client: httpx.AsyncClient, word: str) -> Tenant:
    """A project named by the word, with the word in every text that it holds."""
    project = await create_project(counted.database, word)
    project_id = str(project["id"])
    key, secret = await create_key(counted.database, project_id=project_id, name=word, scopes=SCOPES)
    client.headers["authorization"] = f"Bearer {secret}"
    trace, step = new_id(), new_id()
    recorded = await client.post("/graphql", json={"query": RECORD, "variables": {"i": records(trace, step, word)}})
    assert recorded.json()["data"]["ingest"] == {"accepted": 6, "refused": 0}, recorded.text
    ids = (trace, step, project_id, str(key["id"]), word)
    cursors = await cursors_of(schema, client, cursor.encode(project_id, 1))
    return Tenant(project_id=project_id, client=client, secret=secret, names=Names(ids=ids, word=word, cursors=cursors))


async def cursors_of(schema: GraphQLSchema, client: httpx.AsyncClient, of_events: str) -> Mapping[str, str]:
    """For each root field that can go on after a cursor, one of theirs. Raises KeyError for a field that shows none."""
    assert schema.query_type
    assert schema.subscription_type
    cursors = {"events": of_events}
    for name, asked in schema.query_type.fields.items():
        if "after" in asked.args:
            page = f"{{ {name}(first: 1) {{ pageInfo {{ endCursor }} }} }}"
            answer = (await client.post("/graphql", json={"query": page})).json()
            cursors[name] = answer["data"][name]["pageInfo"]["endCursor"]
    return cursors


def records(trace: str, step: str, word: str) -> dict[str, Any]:
    """Two traces of one session, and the steps of the first, with the word in every text."""
    texts = {"name": word, "errorType": word, "errorMessage": word, "input": word, "output": {"said": word}}
    moment = {"startTime": "2026-11-01T12:00:00Z", "endTime": "2026-11-01T12:00:02Z", "status": "ERROR"}
    places = dict.fromkeys(("sessionId", "userId", "environment", "release", "serviceName"), word)
    call = {"provider": word, "model": word, "usage": {"input": 2, "output": 2}, "cost": "0.5", "kind": "LLM"}
    told = {"tags": [word], "metadata": {word: word}, **places, **texts, **moment}
    step_told = {"traceId": trace, "attributes": {word: word}, **call, **texts, **moment}
    return {
        "traces": [{"id": trace, **told}, {"id": new_id(), **told}],
        "steps": [{"id": step, **step_told}, *({"parentId": step, "id": new_id(), **step_told} for _ in range(3))],
    }
