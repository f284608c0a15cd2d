"""One operation on a socket: what is said while it runs, and the last word."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from typing import TypeAlias

from graphql import OperationType

from models.errors import Fault
from operations.answers import Answer, failure_answer, rejection_answer
from operations.engine import Engine
from operations.groups import Tap
from operations.rejection import Rejected
from server.messages import Envelope
from server.portions import portions
from server.request import GraphQLRequest

Say: TypeAlias = Callable[[Sequence[Answer]], Awaitable[None]]


async def operate(
    engine: Engine,
    admit: Callable[[], Awaitable[object]],
    request: GraphQLRequest,
    envelope: Envelope,
    say: Say,
    tap: Tap,
    follows: Callable[[], None],
) -> bytes:
    """Run an operation and say each of its answers, or let the tap take them.

    Calls `follows` when it is a subscription. Returns the message that ends it, which is still to be said.
    """
    try:
        context = await admit()
        prepared = await engine.find(request.document, request.operation_name)
        if prepared.type is OperationType.SUBSCRIPTION:
            follows()
            return await _stream(engine.stream(prepared, request.variables, context, None, tap), envelope, say)
        answer = await engine.run(prepared, request.variables, context)
        if not answer.has_data:
            return envelope.error(answer.errors)
        await say([answer])
    except Rejected as rejection:
        return envelope.error(rejection_answer(rejection).errors)
    except Fault as fault:
        return envelope.error(failure_answer(fault).errors)
    return envelope.complete()


async def _stream(stream: AsyncGenerator[Sequence[Answer]], envelope: Envelope, say: Say) -> bytes:
    async with aclosing(stream) as answers:
        async for several in answers:
            last = several[-1]
            told = several if last.has_data else several[:-1]
            for portion in portions(told):
                await say(portion)
            if not last.has_data:
                return envelope.error(last.errors)
    return envelope.complete()
