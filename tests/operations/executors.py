"""Both executors before one database, and what their answers have in common."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import orjson
from graphql import ExecutionResult, GraphQLSchema
from graphql.execution.values import VariableValues, get_variable_values

from auth.keys import authenticate, create_key
from auth.viewer import ADMIN, INGEST, READ
from ingest.writer import open_writer
from models.database import open_database
from operations.answers import Answer, answer
from operations.documents import Prepared
from operations.engine import Engine, engine
from operations.levels import Run
from operations.limits import Limits
from pubsub.memory import MemoryBroker
from resolvers.context import Context
from schema.contract import contract
from tests.fakes.database import NotingDatabase, noting
from tests.operations.stored import store

GENEROUS = Limits(
    document_bytes=10**6,
    tokens=10**5,
    depth=60,
    aliases=10**4,
    directives=10**4,
    fields=10**5,
    cost=10**15,
    errors=10**3,
)


@dataclass(frozen=True, kw_only=True)
class Executors:
    """Two engines of our schema, the planned one and the reference, in one project with a few records."""

    planned: Engine
    reference: Engine
    context: Context
    database: NotingDatabase
    traces: list[str]
    steps: list[str]

    async def both(self, document: str, variables: Mapping[str, Any] | None = None) -> tuple[Answer, Answer]:
        """The answers of both to a query, the planned one first."""
        return await self.run(self.planned, document, variables), await self.run(self.reference, document, variables)

    async def run(self, ours: Engine, document: str, variables: Mapping[str, Any] | None = None) -> Answer:
        """The answer of one of them; the statements it needed are those that the database noted last."""
        self.database.statements.clear()
        prepared: Prepared = ours.prepare(document, None)
        return await ours.run(prepared, variables, renewed(self.context))

    async def by_plan(self, document: str, variables: Mapping[str, Any] | None = None) -> bytes | None:
        """What the plan alone makes of a query without mistakes; None when no plan covers it."""
        prepared = self.planned.prepare(document, None)
        definitions = prepared.operation.variable_definitions or ()
        values = get_variable_values(contract_schema(), definitions, dict(variables or {}))
        assert isinstance(values, VariableValues)
        assert self.planned.planner
        plan = self.planned.planner.plan_of(prepared, values)
        if plan is None:
            return None
        data = await plan.data(Run(context=renewed(self.context), variables=values))
        return answer(ExecutionResult(data, None), 1).body


def without_cost(body: bytes) -> bytes:
    """An answer without the report of what it cost."""
    return body.partition(b',"extensions":{"cost"')[0] + b"}" if b'"extensions":{"cost"' in body else body


def renewed(context: Context) -> Context:
    """The context for another operation."""
    return replace(context, loaders={})


def contract_schema() -> GraphQLSchema:
    """The schema inside Strawberry's."""
    return contract._schema  # noqa: SLF001  Strawberry has no public way to it


@asynccontextmanager
async def open_executors(database_url: str) -> AsyncIterator[Executors]:
    """Open both before a database that gets a project with records."""
    async with open_database(database_url) as opened:
        database = noting(opened)
        project_id, traces, steps = await store(database)
        _, secret = await create_key(database, project_id=project_id, name="key", scopes=(ADMIN, INGEST, READ))
        viewer = await authenticate(database, secret)
        broker = MemoryBroker()
        async with open_writer(database, broker, lambda _: None) as writer:
            planned = engine(contract_schema(), limits=GENEROUS, fresh=renewed)
            yield Executors(
                planned=planned,
                # Of the same documents, so that each is read once.
                reference=replace(planned, planner=None),
                context=Context(viewer=viewer, project_id=project_id, database=database, writer=writer, broker=broker),
                database=database,
                traces=traces,
                steps=steps,
            )


def comparable(answer: Answer) -> tuple[Any, list[str]]:
    """The data of an answer and its errors, in no order and without the ids that are made anew for each."""
    body = orjson.loads(answer.body)
    errors = body.get("errors", [])
    for error in errors:
        if identity := error["extensions"].pop("errorId", None):
            error["message"] = error["message"].replace(identity, "")
    return body.get("data"), sorted(orjson.dumps(error, option=orjson.OPT_SORT_KEYS).decode() for error in errors)
