"""Running a plan level by level: each branch of a level is asked once, for all its rows."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

from graphql.execution.values import VariableValues

from operations.arguments import Arguments
from operations.leaves import Function
from operations.serialiser import Serialiser
from operations.shapes import Shape
from resolvers import streams
from resolvers.rows import Columns
from schema.answers import Resolver
from schema.row import by_typename, read

Rows: TypeAlias = Sequence[Any]


@dataclass(frozen=True, kw_only=True)
class Failure:
    """What a root raised."""

    error: Exception


@dataclass(kw_only=True)
class Run:
    """One run of a plan. `outcomes` are what the roots answered or raised, by response key; `objects` counts."""

    context: Any
    variables: VariableValues
    objects: int = 0
    outcomes: dict[str, Any] = field(default_factory=dict)


class Source(Protocol):
    """Where the values of a branch come from."""

    async def answers(self, rows: Rows, run: Run, /) -> Rows:
        """One value per row."""


@dataclass(frozen=True, kw_only=True)
class Same:
    """The row itself."""

    async def answers(self, rows: Rows, _run: Run, /) -> Rows:
        """The rows."""
        return rows


@dataclass(frozen=True, kw_only=True)
class Held:
    """A value that the row holds."""

    name: str

    async def answers(self, rows: Rows, _run: Run, /) -> Rows:
        """What the rows hold under the name."""
        name = self.name
        if rows and hasattr(rows[0], "keys"):
            return [row[name] for row in rows]
        return [read(row, name) for row in rows]


@dataclass(frozen=True, kw_only=True)
class Edge:
    """A resolver that answers for all rows at once."""

    resolver: Resolver
    arguments: Arguments
    columns: Mapping[str, Columns]

    async def answers(self, rows: Rows, run: Run, /) -> Rows:
        """What the resolver answers; it is not asked about nothing."""
        if not rows:
            return []
        arguments = self.arguments.of(run.variables)
        answers: Rows = await self.resolver(run.context, rows, **arguments, **self.columns)
        if len(answers) != len(rows):
            message = f"{len(answers)} answers of {self.resolver.__qualname__} for {len(rows)} rows"
            raise ValueError(message)
        return answers


@dataclass(frozen=True, kw_only=True)
class Root:
    """A resolver that answers for itself, once; what it answered is kept in the run."""

    key: str
    resolver: Resolver
    arguments: Arguments
    columns: Mapping[str, Columns]

    async def answers(self, _rows: Rows, run: Run, /) -> Rows:
        """The one answer."""
        arguments = self.arguments.of(run.variables)
        try:
            answer = await self.resolver(run.context, **arguments, **self.columns)
        except Exception as error:
            run.outcomes[self.key] = Failure(error=error)
            raise
        run.outcomes[self.key] = answer
        return [answer]


@dataclass(frozen=True, kw_only=True)
class Followed:
    """The root of a subscription: what runs are about are the values that its source tells."""

    source: streams.Source
    beginning: streams.Beginning | None
    arguments: Arguments
    columns: Mapping[str, Columns]

    async def answers(self, rows: Rows, _run: Run, /) -> Rows:
        """The values."""
        return rows


class Target(Protocol):
    """What is made of the objects of a branch."""

    async def complete(self, rows: Rows, run: Run, /) -> Rows:
        """What was made of each."""


@dataclass(frozen=True, kw_only=True)
class Branch:
    """A field whose values are asked for, or are objects with fields of their own; a leaf has no shape."""

    source: Source
    shape: Shape | None
    target: Target

    async def complete(self, rows: Rows, run: Run, /) -> Rows:
        """The finished value for each row."""
        answers = await self.source.answers(rows, run)
        if self.shape is None:
            return await self.target.complete(answers, run)
        made = await self.target.complete(self.shape.flat(answers), run)
        return self.shape.restored(answers, made)


@dataclass(frozen=True, kw_only=True)
class Level:
    """The fields of one object type at one place of a document.

    `columns` are the names that they read from the rows. The branches run at the same time if several of them wait
    for something, except where the order matters (`serial`).
    """

    branches: Sequence[Branch]
    serialiser: Serialiser
    columns: Columns
    waiting: int
    serial: bool = False

    async def complete(self, rows: Rows, run: Run, /) -> Rows:
        """A dictionary per row."""
        run.objects += len(rows) * self.serialiser.objects
        if not self.branches:
            return self.serialiser(rows, ())
        if self.waiting > 1 and not self.serial:
            outs = await _together(self.branches, rows, run)
        else:
            outs = [await branch.complete(rows, run) for branch in self.branches]
        return self.serialiser(rows, outs)


@dataclass(frozen=True, kw_only=True)
class Kinds:
    """Rows of several object types, which say themselves of which one they are."""

    levels: Mapping[str, Level]

    async def complete(self, rows: Rows, run: Run, /) -> Rows:
        """A dictionary per row, in the order of the rows."""
        places: dict[str, list[int]] = {}
        for place, row in enumerate(rows):
            places.setdefault(by_typename(row), []).append(place)
        made: list[Any] = [None] * len(rows)
        for kind, those in places.items():
            completed = await self.levels[kind].complete([rows[place] for place in those], run)
            for place, value in zip(those, completed, strict=True):
                made[place] = value
        return made


@dataclass(frozen=True, kw_only=True)
class Values:
    """Scalars and enums."""

    function: Function

    async def complete(self, rows: Rows, _run: Run, /) -> Rows:
        """Each value as it is written."""
        function = self.function
        return [function(value) for value in rows]


async def _together(branches: Sequence[Branch], rows: Rows, run: Run) -> list[Rows]:
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(branch.complete(rows, run)) for branch in branches]
    except BaseExceptionGroup as errors:
        raise _first(errors) from None
    return [task.result() for task in tasks]


def _first(errors: BaseExceptionGroup[Any]) -> BaseException:
    error: BaseException = errors
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
