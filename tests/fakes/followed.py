"""A contract with a log and a state that tests write to, and that count how often they are asked and executed."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, MutableMapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import strawberry
from graphql import GraphQLSchema
from strawberry.schema.config import StrawberryConfig

from models.errors import CursorExpired, Invalid
from models.rows import Row
from resolvers.pages import Cursor
from resolvers.rows import reads
from resolvers.streams import Chunk, Chunks, state
from schema.answers import answer, root, stream
from schema.row import of_row, read
from schema.scalars import SCALARS


@dataclass(kw_only=True)
class Log:
    """What has happened: numbers from 1 on. `counts` says how often what was done; `failure` ends all who read on."""

    head: int = 0
    oldest: int = 1
    counts: Counter[str] = field(default_factory=Counter)
    failure: Exception | None = None
    over: bool = False
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def happen(self, times: int = 1) -> None:
        """Add what happens next, all of it at once."""
        self.head += times
        self.notify()

    def notify(self) -> None:
        """Wake all who wait."""
        self.changed.set()
        self.changed = asyncio.Event()

    @contextmanager
    def counted(self, name: str) -> Any:
        """Count something while it lasts."""
        self.counts[name] += 1
        try:
            yield
        finally:
            self.counts[name] -= 1


@dataclass(frozen=True, kw_only=True)
class Asked:
    """The context of an operation."""

    log: Log
    scope: str = "all"
    loaders: MutableMapping[object, Any] = field(default_factory=dict)


async def begin(context: Asked, *, top: int = 0, after: Cursor | None = None) -> Chunk:
    """Behind a cursor, or here and now."""
    log = context.log
    if top < 0:
        raise Invalid("Not below zero.", path=["top"])
    position = log.head if after is None else int(after)
    told = [(position, number(position))] if after is None else []
    return Chunk(position=position, cursor=Cursor(str(position)), told=told)


async def numbers(context: Asked, *, top: int = 0, after: Cursor | None = None) -> Chunks:
    """Every number, from the next one on, that is not above `top`; those together that are there."""
    log = context.log
    position = log.head if after is None else int(after)
    with log.counted("sources"):
        log.counts["started"] += 1
        while True:
            if log.failure is not None:
                raise log.failure
            if position + 1 < log.oldest:
                raise CursorExpired(path=["after"])
            told = [(n, number(n)) for n in range(position + 1, log.head + 1) if not top or n <= top]
            if position < log.head:
                position = log.head
                yield Chunk(position=position, cursor=Cursor(str(position)), told=told)
            elif log.over:
                return
            else:
                await log.changed.wait()


async def heads(context: Asked) -> Chunks:
    """How far it has come."""
    log, seen = context.log, -1
    with log.counted("sources"):
        while True:
            if seen < log.head:
                seen = log.head
                yield state(seen, number(seen // 10 * 10))
            elif log.over:
                return
            else:
                await log.changed.wait()


def number(value: int) -> Row:
    """A row."""
    return {"value": value, "cursor": str(value)}


@reads("value")
async def squares(context: Asked, parents: Sequence[Row]) -> list[int]:
    """Its square, at least of those below a thousand."""
    context.log.counts["executed"] += len(parents)
    context.log.counts["batches"] += 1
    if any(parent["value"] == UNLUCKY for parent in parents):
        raise Invalid("That has no square.")
    return [parent["value"] ** 2 for parent in parents]


UNLUCKY = 13


async def nothing(_context: Asked) -> int:
    """Nothing."""
    return 0


@of_row
class Number:
    """A number."""

    value: int
    cursor: str
    square: int | None = answer(squares)


@of_row
class Query:
    """Questions."""

    nothing: int = root(nothing)


@of_row
class Subscription:
    """Streams."""

    numbers: AsyncIterator[Number] = stream(numbers, begin)
    heads: AsyncIterator[Number] = stream(heads)


followed_contract = strawberry.Schema(
    query=Query,
    subscription=Subscription,
    config=StrawberryConfig(default_resolver=read, scalar_map=SCALARS),
)


def followed_schema() -> GraphQLSchema:
    """The schema inside Strawberry's."""
    return followed_contract._schema  # noqa: SLF001  Strawberry has no public way to it
