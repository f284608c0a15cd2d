"""Executing an operation: by its plan where there is one, else, and after any failure, by graphql-core."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import structlog
from graphql import ExecutionResult, GraphQLError, GraphQLResolveInfo, OperationType
from graphql.execution.values import VariableValues

from models.errors import Fault, Unavailable
from operations.documents import Prepared
from operations.leaves import NullError
from operations.levels import Failure, Run
from operations.plan import Plan

log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True)
class Handover:
    """Middleware of graphql-core: roots that a plan has asked already are not asked again."""

    outcomes: Mapping[str, Any]

    def resolve(self, following: Callable[..., Any], root: Any, info: GraphQLResolveInfo[Any], **arguments: Any) -> Any:
        """What the root answered or raised; for everything else, what its resolver answers."""
        if info.path.prev is not None or info.path.key not in self.outcomes:
            return following(root, info, **arguments)
        outcome = self.outcomes[str(info.path.key)]
        if isinstance(outcome, Failure):
            raise outcome.error
        return outcome


@dataclass(frozen=True, kw_only=True)
class Abandoned:
    """A run that came to no end. What it wrote is written: `outcomes` are those of the roots of a mutation."""

    outcomes: Mapping[str, Any]


async def execute(
    plan: Plan, prepared: Prepared, variables: VariableValues, context: object, payload: object = None
) -> ExecutionResult | Abandoned:
    """Run a plan. Raises Unavailable where asking again would only take longer."""
    run = Run(context=context, variables=variables)
    try:
        return ExecutionResult(await plan.data(run, payload), None)
    except Exception as error:  # whatever went wrong, graphql-core tells it in its place
        if isinstance(error, Unavailable) and prepared.type is OperationType.QUERY:
            raise
        if not isinstance(error, Fault | NullError | GraphQLError):
            log.warning("plan abandoned", operation=prepared.name, exc_info=error)
    return Abandoned(outcomes=run.outcomes if prepared.type is OperationType.MUTATION else {})
