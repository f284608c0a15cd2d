"""Edges look in the project of their parents, which need not be the one of the request."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeAlias, TypeVar

from models.rows import Row
from resolvers.context import Context

P = ParamSpec("P")
A = TypeVar("A")
Edge: TypeAlias = Callable[Concatenate[Context, Sequence[Row], P], Coroutine[Any, Any, list[A]]]


def in_their_project(edge: Edge[P, A]) -> Edge[P, A]:
    """Call the edge once per project among its parents, in a context of that project."""

    @wraps(edge)
    async def by_project(context: Context, parents: Sequence[Row], /, *args: P.args, **arguments: P.kwargs) -> list[A]:
        places: dict[str, list[int]] = {}
        for place, parent in enumerate(parents):
            places.setdefault(parent["project_id"], []).append(place)
        if places.keys() <= {context.project_id}:
            return await edge(context, parents, *args, **arguments)
        answers: dict[int, Any] = {}
        for project_id, group in places.items():
            inside = replace(context, project_id=project_id)
            answers |= zip(
                group, await edge(inside, [parents[place] for place in group], *args, **arguments), strict=True
            )
        return [answers[place] for place in range(len(parents))]

    return by_project
