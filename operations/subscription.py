"""One subscription: what it asks, and how the values of its source become answers."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, TypeAlias

from graphql import ExecutionResult
from graphql.execution import Executor
from graphql.execution.values import VariableValues

from operations.answers import Answer, answer
from operations.deadlines import within
from operations.documents import Prepared
from operations.execution import awaited, execute
from operations.levels import Followed, Run
from operations.plan import Plan
from operations.resumption import AFTER
from resolvers.streams import Chunk, Chunks

Told: TypeAlias = Sequence[tuple[int, Answer]]
Fresh: TypeAlias = Callable[[Any], object]


@dataclass(frozen=True, kw_only=True)
class Subscription:
    """A subscription whose values are told by a source of ours; `reference` executes it where the plan fails."""

    prepared: Prepared
    plan: Plan
    followed: Followed
    values: VariableValues
    context: object
    fresh: Fresh
    deadline: float
    most_errors: int
    reference: Callable[[], Executor[Any]]

    @cached_property
    def arguments(self) -> Mapping[str, Any]:
        """What the root field is asked. Raises NullError or GraphQLError."""
        return self.followed.arguments.of(self.values)

    @property
    def conflated(self) -> bool:
        """Whether its values are states, each of which replaces the one before."""
        return self.followed.beginning is None

    async def begin(self, after: str | None) -> Chunk:
        """Where it begins, after a cursor or where its arguments say, and what it is told first."""
        return await self._begin(after or self.arguments.get(AFTER))

    async def begin_here(self) -> Chunk:
        """Where it would begin if it were to begin now."""
        return await self._begin(None)

    async def follow(self, after: str | None) -> AsyncGenerator[tuple[Chunk, Told]]:
        """What is told after a cursor, as it comes, with the answers."""
        chunks: Chunks = self.followed.source(self.context, **self._resumed(after), **self.followed.columns)
        async with aclosing(chunks):
            async for chunk in chunks:
                yield chunk, await self.answers(chunk)

    async def answers(self, chunk: Chunk) -> Told:
        """The answers for what is told at once: executed together, or one by one when something goes wrong."""
        if not chunk.told:
            return ()
        run = Run(context=self.fresh(self.context), variables=self.values)
        payloads = [payload for _, payload in chunk.told]
        try:
            data = await within(self.deadline, self.plan.level.complete(payloads, run))
        except Exception:  # noqa: BLE001  whatever it was, it is told where it belongs
            return [(position, await self._answer(payload)) for position, payload in chunk.told]
        return [
            (position, resumable(answer(ExecutionResult(each, None), self.most_errors), payload))
            for (position, payload), each in zip(chunk.told, data, strict=True)
        ]

    async def _answer(self, payload: object) -> Answer:
        executor = self._reference.build_per_event_executor(payload)
        executor.context_value = self.fresh(executor.context_value)
        result = await within(self.deadline, self._result(executor, payload))
        return resumable(answer(result, self.most_errors), payload)

    async def _result(self, executor: Executor[Any], payload: object) -> ExecutionResult:
        result = await execute(self.plan, self.prepared, self.values, executor.context_value, payload)
        if isinstance(result, ExecutionResult):
            return result
        return await awaited(executor.execute_operation(serially=False))

    @cached_property
    def _reference(self) -> Executor[Any]:
        return self.reference()

    async def _begin(self, after: str | None) -> Chunk:
        if self.followed.beginning is None:
            return Chunk(position=-1)
        first = self.followed.beginning(self.context, **self._resumed(after))
        chunk: Chunk = await within(self.deadline, first)
        return chunk

    def _resumed(self, after: str | None) -> dict[str, Any]:
        if self.followed.beginning is None:
            return dict(self.arguments)
        return {**self.arguments, AFTER: after}


def resumable(told: Answer, payload: object) -> Answer:
    """The answer for a value, with its cursor if it has one."""
    return replace(told, cursor=payload.get("cursor")) if isinstance(payload, Mapping) else told
