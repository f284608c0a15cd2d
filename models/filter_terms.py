"""The terms that filters are made of once they are read: a small logic over columns, which every compiler speaks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias


@dataclass(frozen=True)
class Column:
    """A column that can be compared: its name, its PostgreSQL type, and what stands for null."""

    name: str
    type: str
    absent: int | None = None


@dataclass(frozen=True)
class All:
    """Every part holds; without parts it always does."""

    parts: tuple[Term, ...]


@dataclass(frozen=True)
class AnyOf:
    """Some part holds; without parts it never does."""

    parts: tuple[Term, ...]


@dataclass(frozen=True)
class Not:
    """The part does not hold, for whatever reason."""

    part: Term


@dataclass(frozen=True)
class Compare:
    """The value of a column compares so: `eq ne in gt gte lt lte contains starts_with is_null`."""

    column: Column
    operator: str
    value: Any


@dataclass(frozen=True)
class Among:
    """A column that holds a list of texts has `all`, `any` or `none` of these, or (`is_null`) no text at all."""

    column: str
    operator: str
    values: tuple[str, ...] = ()


@dataclass(frozen=True)
class Element:
    """Some text of a column that holds a list of them compares so: `contains starts_with`."""

    column: str
    operator: str
    value: str


@dataclass(frozen=True)
class Within:
    """The value at a path in a JSON column compares so: `eq gt gte lt lte contains exists`.

    Numbers to compare with are decimal texts, values to be equal to are JSON texts.
    """

    column: str
    path: tuple[str, ...]
    operator: str
    value: Any


@dataclass(frozen=True)
class Words:
    """Each of these words is somewhere in the texts of the row; for a trace, of the row or of one of its steps."""

    words: tuple[str, ...]


@dataclass(frozen=True)
class SomeStep:
    """For a trace: at least one of its steps satisfies the part."""

    part: Term


@dataclass(frozen=True)
class ItsTrace:
    """For a step: its trace satisfies the part."""

    part: Term


Term: TypeAlias = All | AnyOf | Not | Compare | Among | Element | Within | Words | SomeStep | ItsTrace

EVERYTHING = All(())
NOTHING = AnyOf(())


def searches(term: Term) -> bool:
    """Whether texts have to be searched for words to decide it, which no index helps with."""
    match term:
        case Words():
            return True
        case All(parts=parts) | AnyOf(parts=parts):
            return any(map(searches, parts))
        case Not(part=part) | SomeStep(part=part) | ItsTrace(part=part):
            return searches(part)
        case _:
            return False


def columns_of(term: Term) -> frozenset[str]:
    """The columns of the row itself that a term reads."""
    return frozenset(_columns(term))


def _columns(term: Term) -> Iterator[str]:
    match term:
        case All(parts=parts) | AnyOf(parts=parts):
            for part in parts:
                yield from _columns(part)
        case Not(part=part):
            yield from _columns(part)
        case Compare(column=column):
            yield column.name
        case Among(column=name) | Element(column=name) | Within(column=name):
            yield name
        case Words() | SomeStep() | ItsTrace():
            return
