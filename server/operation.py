"""One operation on a socket: what is said while it runs, and the last word."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import aclosing
from typing import TypeAlias

from graphql import OperationType

from models.errors import Fault
from operations.answers import failure_answer, rejection_answer
from operations.documents import Prepared
from operations.engine import Engine
from operations.rejection import Rejected
from server.messages import Envelope
from server.request import GraphQLRequest

Say: TypeAlias = Callable[[str], Awaitable[None]]


async def operate(
    engine: Engine, admit: Callable[[], Awaitable[object]], request: GraphQLRequest, envelope: Envelope, say: Say
) -> str:
    """Run an operation and say each of its answers; returns the message that ends it, which is still to be said."""
    try:
        context = await admit()
        prepared = await engine.find(request.document, request.operation_name)
        if prepared.type is OperationType.SUBSCRIPTION:
            return await _stream(engine, prepared, request, context, envelope, say)
        answer = await engine.run(prepared, request.variables, context)
        if not answer.has_data:
            return envelope.error(answer.errors)
        await say(envelope.next(answer.body))
    except Rejected as rejection:
        return envelope.error(rejection_answer(rejection).errors)
    except Fault as fault:
        return envelope.error(failure_answer(fault).errors)
    return envelope.complete()


async def _stream(
    engine: Engine, prepared: Prepared, request: GraphQLRequest, context: object, envelope: Envelope, say: Say
) -> str:
    async with aclosing(engine.stream(prepared, request.variables, context)) as answers:
        async for several in answers:
            for answer in several:
                if not answer.has_data:
                    return envelope.error(answer.errors)
                await say(envelope.next(answer.body))
    return envelope.complete()
