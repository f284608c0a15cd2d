"""The engine: prepares a document, runs its operation against the schema within a deadline, and answers in bytes."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Hashable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, aclosing, nullcontext
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, TypeAlias

import orjson
from graphql import ExecutionResult, GraphQLError, GraphQLSchema, OperationType
from graphql.execution import Executor, MiddlewareManager, create_source_event_stream
from graphql.execution.values import VariableValues, get_variable_values

from models.errors import OutcomeUnknown, Unavailable
from operations.answers import Answer, answer, failure_answer, rejection_answer
from operations.arguments import NO_VARIABLES
from operations.cost import answered
from operations.deadlines import Deadlines, within
from operations.documents import Documents, Prepared
from operations.execution import Executed, Handover, awaited, execute
from operations.gate import Gate
from operations.groups import Groups, Tap, closed
from operations.leaves import NullError
from operations.limits import Limits, cost
from operations.persisted import Persisted, Reference
from operations.plan import Plan, Planner
from operations.rejection import INVALID, Rejected, rejected
from operations.resumption import resumed
from operations.subscription import Fresh, Subscription, resumable
from operations.variables import Sent

Variables: TypeAlias = Mapping[str, Any] | None
Scope: TypeAlias = Callable[[Any], Hashable]
Told: TypeAlias = Callable[[Any], Mapping[str, Any]]
Streamed: TypeAlias = Callable[[str | None, Tap], AsyncGenerator[Sequence[Answer]]]


def _as_it_is(context: object) -> object:
    return context


def _nothing(_context: object) -> Mapping[str, Any]:
    return {}


@dataclass(frozen=True, kw_only=True)
class Engine:
    """Runs operations against one schema.

    `fresh` derives the context of each event of a subscription; `scope` tells what somebody may see, so that those with
    the same scope can share what they follow. `gate` is what queries pass; `told` is what answers tell in their
    extensions about whoever asks.
    """

    schema: GraphQLSchema
    documents: Documents
    limits: Limits
    deadlines: Deadlines = field(default_factory=Deadlines)
    fresh: Fresh = _as_it_is
    scope: Scope = id
    planner: Planner | None = None
    groups: Groups = field(default_factory=Groups)
    persisted: Persisted = field(default_factory=Persisted)
    gate: Gate | None = None
    told: Told = _nothing

    async def find(self, reference: Reference, operation_name: str | None) -> Prepared:
        """Find the operation that a request means. Raises Rejected."""
        prepared = await self.documents.find(self.persisted.text(reference), operation_name)
        self.persisted.remember(reference)
        return prepared

    def prepare(self, document: str, operation_name: str | None) -> Prepared:
        """Find the operation to run, parsing and validating its document at most once. Raises Rejected."""
        return self.documents.prepare(document, operation_name)

    async def run(self, prepared: Prepared, variables: Variables, context: object) -> Answer:
        """Run a query or a mutation to its end; what goes wrong is part of the answer.

        Raises Rejected for variables that were sent as text and are no JSON.
        """
        values = self._values(prepared, variables)
        if isinstance(values, Answer):
            return values
        try:
            async with self._turn(prepared):
                result = await within(self.deadlines.of(prepared), self._result(prepared, values, variables, context))
        except Unavailable as late:
            return failure_answer(_doubtful(late) if prepared.type is OperationType.MUTATION else late)
        requested = prepared.measures.price.of(values.coerced)
        if requested:
            result.extensions = {"cost": self._cost(requested, result)}
        if told := self.told(context):
            result.extensions = {**(result.extensions or {}), **told}
        return answer(result, self.limits.errors)

    async def stream(
        self,
        prepared: Prepared,
        variables: Variables,
        context: object,
        after: str | None = None,
        tap: Tap = closed,
    ) -> AsyncGenerator[Sequence[Answer]]:
        """Run a subscription, from a cursor on if one is given: each time the answers that the tap did not take.

        Close the iterator to end it. An answer without data is the last one: the subscription could not start, or its
        source failed. Raises Rejected for variables that were sent as text and are no JSON.
        """
        variables = dict(variables or {})
        values = self._values(prepared, variables)
        if isinstance(values, Answer):
            yield [values]
            return
        try:
            streamed = self._streamed(prepared, values, variables, context)
            async with aclosing(streamed(after, tap)) as answers:
                async for each in answers:
                    yield each
        except Exception as error:  # noqa: BLE001  the source is anything's; whatever it raises is told once
            yield [failure_answer(error)]

    def _streamed(
        self, prepared: Prepared, values: VariableValues, variables: Mapping[str, Any], context: object
    ) -> Streamed:
        """How the operation is streamed, from a cursor on, past a tap."""
        plan = self._plan(prepared, values)
        if plan is None or plan.followed is None:
            return partial(self._referred, prepared, variables, context)
        subscription = Subscription(
            prepared=prepared,
            plan=plan,
            followed=plan.followed,
            values=values,
            context=context,
            fresh=self.fresh,
            deadline=self.deadlines.of(prepared),
            most_errors=self.limits.errors,
            reference=partial(self._executor, prepared, variables, context),
        )
        try:
            _ = subscription.arguments
        except (GraphQLError, NullError):  # told by graphql-core, which says where
            return partial(self._referred, prepared, variables, context)
        own = {name: value for name, value in variables.items() if name != plan.resuming}
        key = (prepared.digest, prepared.name, _written(own), self.scope(context))
        return partial(self.groups.follow, key, subscription)

    async def _referred(
        self, prepared: Prepared, variables: Variables, context: object, after: str | None, _tap: Tap
    ) -> AsyncGenerator[Sequence[Answer]]:
        """The answers of graphql-core, for the subscriptions that no plan covers."""
        begun = prepared if after is None else resumed(self.schema, prepared, after)
        executor = self._executor(begun, variables, context)
        deadline = self.deadlines.of(prepared)
        source = await within(deadline, create_source_event_stream(executor))
        if isinstance(source, ExecutionResult):
            yield [_not_started(source, self.limits.errors)]
            return
        async with aclosing(source):
            async for payload in source:
                each = executor.build_per_event_executor(payload)
                each.context_value = self.fresh(each.context_value)
                result = await within(deadline, awaited(each.execute_operation(serially=False)))
                yield [resumable(answer(result, self.limits.errors), payload)]

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
        return await awaited(executor.execute_operation())

    def _turn(self, prepared: Prepared) -> AbstractAsyncContextManager[None]:
        """Queries pass the gate. Mutations don't wait behind them: the writer refuses what is too much for it."""
        if self.gate is None or prepared.type is not OperationType.QUERY:
            return nullcontext()
        return self.gate

    def _plan(self, prepared: Prepared, values: VariableValues) -> Plan | None:
        return None if self.planner is None else self.planner.plan_of(prepared, values)

    def _values(self, prepared: Prepared, variables: Variables) -> VariableValues | Answer:
        definitions = prepared.operation.variable_definitions
        if not definitions:
            return NO_VARIABLES
        values = self._coerced(prepared, variables)
        if isinstance(values, list):
            return rejection_answer(rejected(values, INVALID, self.limits.errors))
        try:
            cost(prepared.measures, values.coerced, self.limits)
        except Rejected as rejection:
            return rejection_answer(rejection)
        return values

    def _coerced(self, prepared: Prepared, variables: Variables) -> VariableValues | list[GraphQLError]:
        if prepared.reader is not None and isinstance(variables, Sent):
            read = prepared.reader.read(variables)
            if read is not None:
                return read
        definitions = prepared.operation.variable_definitions or ()
        return get_variable_values(self.schema, definitions, dict(variables or {}), max_errors=self.limits.errors)

    def _cost(self, requested: int, result: ExecutionResult) -> dict[str, int]:
        objects = result.objects if isinstance(result, Executed) else answered(result.data)
        return {"requested": requested, "actual": objects, "limit": self.limits.cost}

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
    scope: Scope = id,
    planned: bool = True,
    groups: Groups | None = None,
    persisted: Persisted | None = None,
) -> Engine:
    """An engine for a schema; one that is not `planned` leaves everything to graphql-core."""
    limits = limits or Limits()
    return Engine(
        schema=schema,
        documents=Documents(schema, limits),
        limits=limits,
        deadlines=deadlines or Deadlines(),
        fresh=fresh,
        scope=scope,
        planner=Planner(schema) if planned else None,
        groups=groups or Groups(),
        persisted=persisted or Persisted(),
    )


def _written(variables: Mapping[str, Any]) -> Hashable:
    try:
        return orjson.dumps(variables, default=repr, option=orjson.OPT_SORT_KEYS)
    except orjson.JSONEncodeError:
        return object()  # nested more deeply than it writes: like nobody else's


def _doubtful(late: Unavailable) -> OutcomeUnknown:
    # What was handed to the writer is written, whether or not anybody waits for it.
    return OutcomeUnknown(f"{late.message} It may have been stored; send the same ids again, that is safe.")


def _not_started(result: ExecutionResult, most_errors: int) -> Answer:
    errors: list[GraphQLError] = result.errors or []
    told = answer(ExecutionResult(None, errors), most_errors)
    return Answer(
        body=b'{"errors":' + told.errors + b"}", has_data=False, errors=told.errors, unavailable=told.unavailable
    )
