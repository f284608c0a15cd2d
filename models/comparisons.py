"""Comparisons of one value: what a filter may say about a column.

In each of them everything that is given must hold; one that says nothing, or only null, holds for every row. A value
that is absent satisfies no comparison but `ne` and `isNull: true`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from models.enums import StepKind, StepStatus, TraceStatus
from models.values import BigInt, Id, Json, Money


@dataclass(frozen=True, kw_only=True)
class IDFilter:
    """What is asked of an id. Ids are compared as UUIDs, in any of their spellings; what is no UUID matches nothing."""

    eq: Id | None = None
    """It is this one."""
    in_: Sequence[Id] | None = None
    """It is one of these; an empty list matches nothing."""
    is_null: bool | None = None
    """Whether there is none."""


@dataclass(frozen=True, kw_only=True)
class StringFilter:
    """What is asked of a text."""

    eq: str | None = None
    """It is exactly this."""
    ne: str | None = None
    """It is anything but this, or absent."""
    in_: Sequence[str] | None = None
    """It is one of these; an empty list matches nothing."""
    contains: str | None = None
    """This is somewhere in it, in upper or lower case."""
    starts_with: str | None = None
    """It starts with exactly this."""
    is_null: bool | None = None
    """Whether it is absent."""


@dataclass(frozen=True, kw_only=True)
class IntFilter:
    """What is asked of a count. A count that nobody told is 0."""

    eq: BigInt | None = None
    """It is this."""
    gt: BigInt | None = None
    """It is more than this."""
    gte: BigInt | None = None
    """It is this or more."""
    lt: BigInt | None = None
    """It is less than this."""
    lte: BigInt | None = None
    """It is this or less."""


@dataclass(frozen=True, kw_only=True)
class FloatFilter:
    """What is asked of a number."""

    gt: float | None = None
    """It is more than this."""
    gte: float | None = None
    """It is this or more."""
    lt: float | None = None
    """It is less than this."""
    lte: float | None = None
    """It is this or less."""
    is_null: bool | None = None
    """Whether it is absent."""


@dataclass(frozen=True, kw_only=True)
class DecimalFilter:
    """What is asked of an amount."""

    gt: Money | None = None
    """It is more than this."""
    gte: Money | None = None
    """It is this or more."""
    lt: Money | None = None
    """It is less than this."""
    lte: Money | None = None
    """It is this or less."""
    is_null: bool | None = None
    """Whether it is absent."""


@dataclass(frozen=True, kw_only=True)
class DateTimeFilter:
    """What is asked of a time."""

    gte: datetime | None = None
    """It is this or later."""
    gt: datetime | None = None
    """It is later than this."""
    lt: datetime | None = None
    """It is earlier than this."""
    lte: datetime | None = None
    """It is this or earlier."""
    is_null: bool | None = None
    """Whether it is absent."""


@dataclass(frozen=True, kw_only=True)
class TraceStatusFilter:
    """What is asked of the status of a trace."""

    eq: TraceStatus | None = None
    """It is this."""
    in_: Sequence[TraceStatus] | None = None
    """It is one of these; an empty list matches nothing."""
    ne: TraceStatus | None = None
    """It is anything but this."""


@dataclass(frozen=True, kw_only=True)
class StepStatusFilter:
    """What is asked of the status of a step."""

    eq: StepStatus | None = None
    """It is this."""
    in_: Sequence[StepStatus] | None = None
    """It is one of these; an empty list matches nothing."""
    ne: StepStatus | None = None
    """It is anything but this."""


@dataclass(frozen=True, kw_only=True)
class StepKindFilter:
    """What is asked of the kind of a step."""

    eq: StepKind | None = None
    """It is this."""
    in_: Sequence[StepKind] | None = None
    """It is one of these; an empty list matches nothing."""
    ne: StepKind | None = None
    """It is anything but this."""


@dataclass(frozen=True, kw_only=True)
class TagsFilter:
    """What is asked of the tags."""

    has_all: Sequence[str] | None = None
    """Each of these is among them."""
    has_any: Sequence[str] | None = None
    """One of these is among them; an empty list matches nothing."""
    has_none: Sequence[str] | None = None
    """None of these is among them."""


@dataclass(frozen=True, kw_only=True)
class JSONFilter:
    """One value inside a JSON column: `path` from the root, then exactly one comparison."""

    path: Sequence[str]
    """Keys of objects and indexes of lists, from the root; a negative index counts from the end."""
    eq: Json | None = None
    """The value is this one; numbers are equal by value, objects whatever the order of their keys."""
    gt: float | None = None
    """It is a number and more than this."""
    gte: float | None = None
    """It is a number, this or more."""
    lt: float | None = None
    """It is a number and less than this."""
    lte: float | None = None
    """It is a number, this or less."""
    contains: str | None = None
    """It is a text and this is somewhere in it, in upper or lower case."""
    exists: bool | None = None
    """Whether there is a value; a null is none."""
