"""Engines for the contract of plain rows: one that plans, and one that leaves everything to graphql-core."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from graphql import ExecutionResult
from graphql.execution.values import VariableValues, get_variable_values

from operations.answers import answer
from operations.engine import Engine, engine
from operations.levels import Run
from operations.plan import Plan
from tests.fakes.planned import Asked, planned_schema
from tests.operations.executors import GENEROUS, comparable, without_cost


def renewed(context: Asked) -> Asked:
    """The same answers and failures, with nothing asked or loaded yet."""
    return replace(context, loaders={})


PLANNED = engine(planned_schema(), limits=GENEROUS, fresh=renewed)
REFERENCE = engine(planned_schema(), limits=GENEROUS, fresh=renewed, planned=False)


def plan_for(document: str, variables: Mapping[str, Any] | None = None) -> tuple[Plan | None, VariableValues]:
    """The plan for a document and its coerced variables."""
    prepared = PLANNED.prepare(document, None)
    definitions = prepared.operation.variable_definitions or ()
    values = get_variable_values(planned_schema(), definitions, dict(variables or {}))
    assert isinstance(values, VariableValues)
    assert PLANNED.planner is not None
    return PLANNED.planner.plan_of(prepared, values), values


async def by_plan(document: str, variables: Mapping[str, Any] | None = None, asked: Asked | None = None) -> bytes:
    """What the plan alone makes of a document; the test fails where there is none."""
    plan, values = plan_for(document, variables)
    assert plan is not None
    data = await plan.data(Run(context=asked or Asked(), variables=values))
    return answer(ExecutionResult(data, None), 1).body


async def by_reference(document: str, variables: Mapping[str, Any] | None = None, asked: Asked | None = None) -> bytes:
    """What graphql-core makes of it."""
    prepared = REFERENCE.prepare(document, None)
    return without_cost((await REFERENCE.run(prepared, variables, asked or Asked())).body)


async def told(ours: Engine, document: str, asked: Asked) -> tuple[Any, list[str]]:
    """The data and the errors that an engine tells."""
    return comparable(await ours.run(ours.prepare(document, None), None, asked))
