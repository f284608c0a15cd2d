"""A contract of plain rows whose resolvers write down how they were asked, for what a plan does with their answers."""

from __future__ import annotations

from collections.abc import AsyncIterator, MutableMapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import strawberry
from graphql import GraphQLSchema
from strawberry.schema.config import StrawberryConfig

from models.enums import Scope
from models.rows import Row
from models.values import BigInt, Id, Json, Money
from resolvers.pages import Cursor
from resolvers.rows import Columns, reads
from resolvers.steps import StepOrder
from resolvers.streams import Chunk, Chunks
from schema import inputs
from schema.answers import answer, column, root, same_row, stream
from schema.row import by_typename, of_row, read
from schema.scalars import SCALARS

__all__ = ["inputs"]  # declares the enums and inputs that are used here

MOMENT = datetime.fromisoformat("2026-05-04T03:02:01.5+00:00")


@dataclass(frozen=True, kw_only=True)
class Asked:
    """The context of an operation. `asked` are the questions so far, `failures` what to raise instead of answering."""

    asked: list[tuple[Any, ...]] = field(default_factory=list)
    failures: dict[str, Exception] = field(default_factory=dict)
    answers: dict[str, Any] = field(default_factory=dict)
    loaders: MutableMapping[object, Any] = field(default_factory=dict)

    def note(self, name: str, *details: Any) -> None:
        """Write down a question, and fail it where that is wanted."""
        self.asked.append((name, *details))
        if name in self.failures:
            raise self.failures[name]


def thing(identity: str, /, **values: Any) -> dict[str, Any]:
    """A row with every column."""
    return {
        "__typename": "Thing", "id": identity, "name": identity, "count": 7, "size": 2**40, "share": 0.5, "done": True,
        "scope": "READ", "scopes": ["READ", "ADMIN"], "tags": ["a", "b"], "at": MOMENT, "cost": "1.50",
        "document": '{"a" : 1.0}', "tokens": None, "maybe": None, "parts": [], "grid": [],
    } | values  # fmt: skip


async def one(context: Asked, id: Id, *, top: int | None = 3, columns: Columns = None) -> Row | None:
    """A thing."""
    context.note("one", id, top, columns)
    found: Row | None = context.answers.get(id, thing(id))
    return found


async def listed(
    context: Asked, *, models: list[str] | None = None, order_by: StepOrder | None = None, columns: Columns = None
) -> list[Row]:
    """Things."""
    context.note("listed", models, order_by, columns)
    return [context.answers.get(name, thing(name)) for name in models or ("a", "b")]


async def nodes(context: Asked) -> list[Row | None]:
    """Things and others."""
    context.note("nodes")
    return [thing("a"), None, {"__typename": "Other", "id": "o", "name": "other"}, thing("b")]


@reads("id")
async def owners(context: Asked, parents: Sequence[Row], *, columns: Columns = None) -> list[Row | None]:
    """Who owns it."""
    context.note("owners", [parent["id"] for parent in parents], columns)
    return [None if parent["id"] == "none" else thing(f"owner of {parent['id']}") for parent in parents]


@reads("id")
async def marks(context: Asked, parents: Sequence[Row], *, top: int = 0) -> list[int | None]:
    """Its mark."""
    context.note("marks", [parent["id"] for parent in parents], top)
    return [context.answers.get("mark", len(parent["id"]) + top) for parent in parents]


async def write(context: Asked, id: Id) -> Row:
    """Write a thing."""
    context.note("write", id)
    return {"id": id, "written": True}


async def happenings(context: Asked, top: int = 2, after: Cursor | None = None) -> Chunks:
    """Things as they happen."""
    for number in range(int(after or 0), top):
        told = thing(str(number), **context.answers) | {"cursor": str(number + 1)}
        yield Chunk(position=number + 1, cursor=Cursor(str(number + 1)), told=[(number + 1, told)])


async def beginning(context: Asked, *, after: Cursor | None = None, **_: object) -> Chunk:
    """At the first thing, or behind one; who has just come is told nothing."""
    context.note("beginning", after)
    return Chunk(position=int(after or 0), cursor=after)


@strawberry.interface
class Named:
    resolve_type = staticmethod(by_typename)

    name: str


@of_row
class Tokens:
    """Tokens."""

    used: BigInt = column("tokens", absent=0)
    size: BigInt


@of_row
class Part:
    """A part."""

    label: str
    owner: Thing | None = answer(owners)


@of_row
class Thing(Named):
    """A thing."""

    id: Id
    count: int
    share: float | None
    done: bool
    scope: Scope
    scopes: list[Scope]
    tags: list[str]
    at: datetime
    cost: Money | None
    document: Json | None
    tokens: Tokens = same_row()
    maybe: str | None
    parts: list[Part]
    grid: list[list[Part | None] | None]
    owner: Thing | None = answer(owners)
    keeper: Thing = answer(owners)
    mark: int | None = answer(marks)


@of_row
class Other(Named):
    """Something else."""

    id: Id


@of_row
class Written:
    """What was written."""

    written: bool
    owner: Thing | None = answer(owners)
    keeper: Thing = answer(owners)


@of_row
class Query:
    """Questions."""

    one: Thing | None = root(one)
    listed: list[Thing] = root(listed)
    nodes: list[Named | None] = root(nodes)


@of_row
class Mutation:
    """Writes."""

    write: Written = root(write)


@of_row
class Subscription:
    """Streams."""

    happenings: AsyncIterator[Thing] = stream(happenings, beginning)


planned_contract = strawberry.Schema(
    query=Query,
    mutation=Mutation,
    subscription=Subscription,
    types=[Other],
    config=StrawberryConfig(default_resolver=read, scalar_map=SCALARS),
)


def planned_schema() -> GraphQLSchema:
    """The schema inside Strawberry's."""
    return planned_contract._schema  # noqa: SLF001  Strawberry has no public way to it
