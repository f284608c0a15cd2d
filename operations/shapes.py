"""Lists and nulls around objects: taken away before the objects are made, put back afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from graphql import GraphQLList, GraphQLNamedType, GraphQLNonNull, GraphQLOutputType, get_named_type

from operations.leaves import NullError


@dataclass(frozen=True, kw_only=True)
class Shape:
    """What surrounds an object: whether it may be null, and the shape of its entries when it is a list."""

    nullable: bool
    entry: Shape | None = None

    def flat(self, answers: Sequence[Any]) -> Sequence[Any]:
        """The objects inside these answers. Raises NullError, TypeError for a list that is none."""
        if None in answers:
            if not self.nullable:
                raise NullError
            answers = [answer for answer in answers if answer is not None]
        if self.entry is None:
            return answers
        return self.entry.flat(_entries(answers))

    def restored(self, answers: Sequence[Any], made: Sequence[Any]) -> Sequence[Any]:
        """The answers again, with what was made of each object in its place."""
        present = [answer for answer in answers if answer is not None] if None in answers else answers
        if self.entry is not None:
            made = _cut(present, self.entry.restored(_entries(present), made))
        if present is answers:
            return made
        following = iter(made)
        return [None if answer is None else next(following) for answer in answers]


def shape_of(kind: GraphQLOutputType) -> tuple[Shape, GraphQLNamedType]:
    """The shape of a type, and the type of the objects inside."""
    inner = kind.of_type if isinstance(kind, GraphQLNonNull) else kind
    entry = shape_of(inner.of_type)[0] if isinstance(inner, GraphQLList) else None
    return Shape(nullable=inner is kind, entry=entry), get_named_type(kind)


def _entries(answers: Sequence[Any]) -> list[Any]:
    for answer in answers:
        if not isinstance(answer, list | tuple):
            message = f"a list of objects comes as {type(answer).__name__}"
            raise TypeError(message)
    return list(chain.from_iterable(answers))


def _cut(answers: Sequence[Sequence[Any]], made: Sequence[Any]) -> list[Sequence[Any]]:
    pieces, start = [], 0
    for answer in answers:
        end = start + len(answer)
        pieces.append(made[start:end])
        start = end
    return pieces
