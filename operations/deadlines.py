"""How long operations may take."""

from __future__ import annotations

from collections.abc import Awaitable, Coroutine
from dataclasses import dataclass
from typing import Any

from graphql import OperationType

from models.deadline import Deadline
from models.errors import Unavailable
from operations.documents import Prepared
from operations.eager import Begun


@dataclass(frozen=True, kw_only=True)
class Deadlines:
    """The seconds that an operation may take."""

    read: float = 10.0
    write: float = 5.0

    def of(self, prepared: Prepared) -> float:
        """The deadline of this kind of operation; for a subscription, that of its start and of each event."""
        return self.write if prepared.type is OperationType.MUTATION else self.read


async def within(seconds: float, result: Any) -> Any:
    """The result, awaited if it has to be. Raises Unavailable when that takes longer."""
    if isinstance(result, Coroutine):
        result = Begun(result)
        if result.done:
            return result.value
    if not isinstance(result, Awaitable):
        return result
    deadline = Deadline(seconds)
    try:
        with deadline:
            return await result
    except TimeoutError:
        if deadline.expired:
            raise Unavailable(f"The operation took longer than {seconds:g} s and was cancelled.") from None
        raise
