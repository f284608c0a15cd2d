"""Executing an operation: by its plan where there is one, else, and after any failure, by graphql-core."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import structlog
from graphql import ExecutionResult, GraphQLError, GraphQLResolveInfo, OperationType
from graphql.execution.values import VariableValues

from models.errors import Fault, Unavailable
from operations.documents import Prepared
from operations.leaves import NullError
from operations.levels import Failure, Root, Run
from operations.plan import Plan

log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True)
class Handover:
    """A run of a mutation that came to no end, and middleware by which graphql-core takes it over.

    What was written is written: roots that the plan has asked are not asked again, the others are asked as it would.
    """

    run: Run
    roots: Mapping[str, Root]

    async def resolve(
        self, following: Callable[..., Any], root: Any, info: GraphQLResolveInfo[Any], **given: Any
    ) -> Any:
        """What the root answers or raised; for everything else, what its resolver answers."""
        key = str(info.path.key)
        if info.path.prev is not None or key not in self.roots:
            answer = following(root, info, **given)
            return await answer if isinstance(answer, Awaitable) else answer
        if key not in self.run.outcomes:
            await self.roots[key].answers((), self.run)
        outcome = self.run.outcomes[key]
        if isinstance(outcome, Failure):
            raise outcome.error
        return outcome


class Executed(ExecutionResult):
    """What a plan answered, with the number of `objects` in it."""

    __slots__ = ("objects",)

    def __init__(self, data: dict[str, Any], objects: int) -> None:
        super().__init__(data, None)
        self.objects = objects


async def execute(
    plan: Plan, prepared: Prepared, variables: VariableValues, context: object, payload: object = None
) -> Executed | Handover | None:
    """Run a plan; what it can't finish is handed over, or begun anew where nothing was written (None).

    Raises Unavailable where asking again would only take longer.
    """
    run = Run(context=context, variables=variables)
    try:
        data = await plan.data(run, payload)
        return Executed(data, run.objects - 1)  # the data itself does not count
    except Exception as error:  # whatever went wrong, graphql-core tells it in its place
        if isinstance(error, Unavailable) and prepared.type is OperationType.QUERY:
            raise
        if not isinstance(error, Fault | NullError | GraphQLError):
            log.warning("plan abandoned", operation=prepared.name, exc_info=error)
    if prepared.type is not OperationType.MUTATION or not run.outcomes:
        return None
    asked = [branch.source for branch in plan.level.branches]
    return Handover(run=run, roots={source.key: source for source in asked if isinstance(source, Root)})


async def awaited(result: Any) -> ExecutionResult:
    """What graphql-core answers, which may be there already."""
    finished: ExecutionResult = await result if isinstance(result, Awaitable) else result
    return finished
