"""A small contract with one field for each thing that an engine or a door must handle."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import Any, cast

import strawberry
from graphql import GraphQLSchema
from strawberry.schema.config import StrawberryConfig

from models.errors import Invalid, Unavailable


@dataclass(frozen=True, kw_only=True)
class Moments:
    """What a test waits for and what it lets happen; `log` is what did happen, in order."""

    started: asyncio.Event = field(default_factory=asyncio.Event)
    cancelled: asyncio.Event = field(default_factory=asyncio.Event)
    go: asyncio.Event = field(default_factory=asyncio.Event)
    log: list[str] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class FakeContext:
    """The context of an operation, renewed for each event of a subscription."""

    moments: Moments = field(default_factory=Moments)
    event: int = 0
    project: str = ""


@strawberry.type
class Nested:
    depth: int

    @strawberry.field
    def nested(self) -> "Nested":
        return Nested(depth=self.depth + 1)


async def _wait(info: strawberry.Info) -> str:
    moments: Moments = info.context.moments
    moments.started.set()
    try:
        await moments.go.wait()
    except asyncio.CancelledError:
        moments.cancelled.set()
        raise
    return "went"


@strawberry.type
class Query:
    @strawberry.field
    def hello(self, name: str = "world") -> str:
        return f"Hello {name}"

    @strawberry.field
    def project(self, info: strawberry.Info) -> str:
        return str(info.context.project)

    @strawberry.field
    async def nested(self) -> Nested:
        return Nested(depth=1)

    @strawberry.field
    def bug(self) -> str | None:
        raise ValueError("a secret detail")

    @strawberry.field
    def fault(self) -> str | None:
        raise Invalid("That is no name.", path=["input", "name"])

    @strawberry.field
    async def unavailable(self) -> str:
        raise Unavailable(retry_after=2.0)

    @strawberry.field
    def number(self) -> int | None:
        return 2**40

    @strawberry.field
    async def wait(self, info: strawberry.Info) -> str:
        return await _wait(info)


@strawberry.type
class Mutation:
    @strawberry.mutation
    def rename(self, name: str) -> str:
        return name

    @strawberry.mutation
    async def write(self, info: strawberry.Info) -> str:
        return await _wait(info)


@strawberry.type
class Numbered:
    number: int
    text: str


@strawberry.type
class Subscription:
    @strawberry.subscription
    async def resumable(
        self, info: strawberry.Info, after: str = "0", to: int = 3, size: int = 0, *, ends: bool = True
    ) -> AsyncGenerator[Numbered]:
        try:
            for number in range(int(after) + 1, to + 1):
                # A row, as our own resolvers give it.
                yield cast("Numbered", {"number": number, "cursor": str(number), "text": "x" * size})
            if not ends:
                await info.context.moments.go.wait()
        finally:
            info.context.moments.cancelled.set()

    @strawberry.subscription
    async def count(self, to: int) -> AsyncGenerator[int]:
        for number in range(1, to + 1):
            yield number

    @strawberry.subscription
    async def forever(self, info: strawberry.Info, size: int = 1) -> AsyncGenerator[str]:
        moments: Moments = info.context.moments
        moments.started.set()
        try:
            while True:
                yield "x" * size
                if size == 1:
                    await moments.go.wait()
        finally:
            moments.log.append("closed")
            moments.cancelled.set()

    @strawberry.subscription
    async def breaks(self) -> AsyncGenerator[int]:
        yield 1
        raise ValueError("a secret detail")

    @strawberry.subscription
    async def ends(self) -> AsyncGenerator[int]:
        yield 1
        raise Invalid("The cursor is too old.", path=["after"])

    @strawberry.subscription
    async def refuses(self) -> AsyncGenerator[int]:
        raise Invalid("No such project.", path=["project"])
        yield 1  # type: ignore[unreachable]  # makes this a generator

    @strawberry.subscription
    async def overflow(self) -> AsyncGenerator[int]:
        yield 2**40
        yield 2


def _read(row: Any, name: str) -> Any:
    return row[name] if isinstance(row, dict) else getattr(row, name)


contract = strawberry.Schema(
    query=Query, mutation=Mutation, subscription=Subscription, config=StrawberryConfig(default_resolver=_read)
)


def graphql_schema() -> GraphQLSchema:
    """What an engine runs: the schema inside Strawberry's."""
    return contract._schema  # noqa: SLF001  Strawberry has no public way to it
