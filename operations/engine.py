"""The engine: prepares a document, runs its operation against the schema within a deadline, and answers in bytes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

from graphql import ExecutionResult, GraphQLError, GraphQLSchema, OperationType
from graphql.execution import Executor, MiddlewareManager, create_source_event_stream
from graphql.execution.values import VariableValues, get_variable_values

from models.errors import OutcomeUnknown, Unavailable
from operations.answers import Answer, answer, failure_answer, rejection_answer
from operations.arguments import NO_VARIABLES
from operations.documents import Documents, Prepared
from operations.execution import Handover, execute
from operations.limits import Limits
from operations.plan import Plan, Planner
from operations.rejection import INVALID, rejected
from operations.resumption import resumed
from operations.variables import Sent

Variables: TypeAlias = Mapping[str, Any] | None
Fresh: TypeAlias = Callable[[Any], object]


@dataclass(frozen=True, kw_only=True)
class Deadlines:
    """The seconds that an operation may take."""

    read: float = 10.0
    write: float = 5.0

    def of(self, prepared: Prepared) -> float:
        """The deadline of this kind of operation; for a subscription, that of its start and of each event."""
        return self.write if prepared.type is OperationType.MUTATION else self.read


def _as_it_is(context: object) -> object:
    return context


@dataclass(frozen=True, kw_only=True)
class Engine:
    """Runs operations against one schema. `fresh` derives the context of each event of a subscription."""

    schema: GraphQLSchema
    documents: Documents
    limits: Limits
    deadlines: Deadlines = field(default_factory=Deadlines)
    fresh: Fresh = _as_it_is
    planner: Planner | None = None

    def prepare(self, document: str, operation_name: str | None) -> Prepared:
        """Find the operation to run, parsing and validating its document at most once. Raises Rejected."""
        return self.documents.prepare(document, operation_name)

    def resume(self, prepared: Prepared, cursor: str) -> Prepared:
        """The same subscription, begun after a cursor that an earlier answer carried."""
        return resumed(self.schema, prepared, cursor)

    async def run(self, prepared: Prepared, variables: Variables, context: object) -> Answer:
        """Run a query or a mutation to its end; what goes wrong is part of the answer.

        Raises Rejected for variables that were sent as text and are no JSON.
        """
        values = self._values(prepared, variables)
        if isinstance(values, Answer):
            return values
        try:
            result = await _within(self.deadlines.of(prepared), self._result(prepared, values, variables, context))
        except Unavailable as late:
            return failure_answer(_doubtful(late) if prepared.type is OperationType.MUTATION else late)
        return answer(result, self.limits.errors)

    async def stream(self, prepared: Prepared, variables: Variables, context: object) -> AsyncGenerator[Answer]:
        """Run a subscription; close the iterator to end it.

        An answer without data is the last one: the subscription could not start, or its source failed. Raises Rejected
        for variables that were sent as text and are no JSON.
        """
        variables = dict(variables or {})
        values = self._values(prepared, variables)
        if isinstance(values, Answer):
            yield values
            return
        executor = self._executor(prepared, variables, context)
        plan = self._plan(prepared, values)
        deadline = self.deadlines.of(prepared)
        try:
            source = await _within(deadline, create_source_event_stream(executor))
            if isinstance(source, ExecutionResult):
                yield _not_started(source, self.limits.errors)
                return
            async with aclosing(source):
                async for payload in source:
                    yield await self._event(prepared, plan, executor, payload)
        except Exception as error:  # noqa: BLE001  the source is anything's; whatever it raises is told once
            yield failure_answer(error)

    async def _event(self, prepared: Prepared, plan: Plan | None, executor: Executor[Any], payload: object) -> Answer:
        executor = executor.build_per_event_executor(payload)
        executor.context_value = self.fresh(executor.context_value)
        result = await _within(self.deadlines.of(prepared), _event_result(prepared, plan, executor))
        told = answer(result, self.limits.errors)
        return replace(told, cursor=payload.get("cursor")) if isinstance(payload, Mapping) else told

    async def _result(
        self, prepared: Prepared, values: VariableValues, variables: Variables, context: object
    ) -> ExecutionResult:
        plan = self._plan(prepared, values)
        result = None if plan is None else await execute(plan, prepared, values, context)
        if isinstance(result, ExecutionResult):
            return result
        if isinstance(result, Handover):
            executor = self._continued(prepared, values, context, result)
        else:
            executor = self._executor(prepared, variables, context)
        return await _awaited(executor.execute_operation())

    def _plan(self, prepared: Prepared, values: VariableValues) -> Plan | None:
        return None if self.planner is None else self.planner.plan_of(prepared, values)

    def _values(self, prepared: Prepared, variables: Variables) -> VariableValues | Answer:
        definitions = prepared.operation.variable_definitions
        if not definitions:
            return NO_VARIABLES
        if prepared.reader is not None and isinstance(variables, Sent):
            read = prepared.reader.read(variables)
            if read is not None:
                return read
        values = get_variable_values(self.schema, definitions, dict(variables or {}), max_errors=self.limits.errors)
        if isinstance(values, list):
            return rejection_answer(rejected(values, INVALID, self.limits.errors))
        return values

    def _executor(self, prepared: Prepared, variables: Variables, context: object) -> Executor[Any]:
        executor = Executor.build(
            self.schema,
            prepared.document,
            context_value=context,
            raw_variable_values=dict(variables or {}),
            operation_name=prepared.name,
        )
        if isinstance(executor, list):  # the variables were coerced before, and the document is valid
            raise executor[0]
        return executor

    def _continued(
        self, prepared: Prepared, values: VariableValues, context: object, handover: Handover
    ) -> Executor[Any]:
        """The executor for a mutation that was begun: it asks no root again, and its variables have values."""
        operation = replace(prepared.operation, variable_definitions=())
        definitions = tuple(operation if node is prepared.operation else node for node in prepared.document.definitions)
        begun = replace(prepared, document=replace(prepared.document, definitions=definitions), operation=operation)
        executor = self._executor(begun, None, context)
        executor.variable_values = values
        executor.middleware_manager = MiddlewareManager(handover)
        return executor


def engine(
    schema: GraphQLSchema,
    *,
    limits: Limits | None = None,
    deadlines: Deadlines | None = None,
    fresh: Fresh = _as_it_is,
    planned: bool = True,
) -> Engine:
    """An engine for a schema; one that is not `planned` leaves everything to graphql-core."""
    limits = limits or Limits()
    return Engine(
        schema=schema,
        documents=Documents(schema, limits),
        limits=limits,
        deadlines=deadlines or Deadlines(),
        fresh=fresh,
        planner=Planner(schema) if planned else None,
    )


async def _event_result(prepared: Prepared, plan: Plan | None, executor: Executor[Any]) -> ExecutionResult:
    if plan is not None:
        values, context = executor.variable_values, executor.context_value
        result = await execute(plan, prepared, values, context, executor.root_value)
        if isinstance(result, ExecutionResult):
            return result
    return await _awaited(executor.execute_operation(serially=False))


async def _within(seconds: float, result: Any) -> Any:
    if not isinstance(result, Awaitable):
        return result
    deadline = asyncio.timeout(seconds)
    try:
        async with deadline:
            return await result
    except TimeoutError:
        if deadline.expired():
            raise Unavailable(f"The operation took longer than {seconds:g} s and was cancelled.") from None
        raise


async def _awaited(result: Any) -> ExecutionResult:
    finished: ExecutionResult = await result if isinstance(result, Awaitable) else result
    return finished


def _doubtful(late: Unavailable) -> OutcomeUnknown:
    # What was handed to the writer is written, whether or not anybody waits for it.
    return OutcomeUnknown(f"{late.message} It may have been stored; send the same ids again, that is safe.")


def _not_started(result: ExecutionResult, most_errors: int) -> Answer:
    errors: list[GraphQLError] = result.errors or []
    told = answer(ExecutionResult(None, errors), most_errors)
    return Answer(
        body=b'{"errors":' + told.errors + b"}", has_data=False, errors=told.errors, unavailable=told.unavailable
    )
