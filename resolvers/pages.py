"""Pages: keyset pagination over (order column, id), the same in both directions, with nulls at the end."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from itertools import groupby
from operator import itemgetter
from typing import Any, NewType

import msgspec

from models.errors import Invalid
from models.ids import canonical
from models.rows import Row

Cursor = NewType("Cursor", str)
"""An opaque position in a list."""

DEFAULT_SIZE = 20
LARGEST_PAGE = 100
MOST_COUNTED = 1_000_000
LARGEST_EXPONENT = 1_000


class Direction(StrEnum):
    """Which end comes first."""

    ASC = "ASC"
    """Smallest, oldest or shortest first."""
    DESC = "DESC"
    """Largest, newest or longest first."""


@dataclass(frozen=True, kw_only=True)
class Page:
    """Which part of a list: `first` after a cursor, or `last` before one."""

    first: int | None = None
    """How many at most, from the front."""
    after: Cursor | None = None
    """Only what comes after this cursor."""
    last: int | None = None
    """How many at most, from the end."""
    before: Cursor | None = None
    """Only what comes before this cursor."""


@dataclass(frozen=True, kw_only=True)
class ForwardPage:
    """Which part of a list that is read from the front only."""

    first: int | None = None
    """How many at most."""
    after: Cursor | None = None
    """Only what comes after this cursor."""


@dataclass(frozen=True, kw_only=True)
class Ordering:
    """By which column a list is sorted, and what decides between equals; all of it in one direction."""

    column: str
    kind: str
    """The PostgreSQL type of the column."""
    descending: bool
    nullable: bool = False
    ties: tuple[tuple[str, str], ...] = (("id", "uuid"),)
    """Columns that decide between equals, with their PostgreSQL types; together they tell every row from all others."""

    @property
    def columns(self) -> tuple[str, ...]:
        """What a row must have, so that its cursor can be made."""
        return (self.column, *(name for name, _ in self.ties))


@dataclass(frozen=True, kw_only=True)
class Window:
    """A page made ready for SQL. `bindings` belong to the placeholders of `condition`."""

    ordering: Ordering
    scope: str
    size: int
    backward: bool
    anchored: bool
    condition: str
    order_by: str
    offset: int
    bindings: tuple[Any, ...]


@dataclass(frozen=True, kw_only=True)
class Edge:
    """A row and its place in a list."""

    node: Row
    window: Window

    @property
    def cursor(self) -> str:
        """Its place; made only when asked for."""
        return cursor_of(self.node, self.window)


@dataclass(frozen=True, kw_only=True)
class Counting:
    """The statement that counts whole lists, all of a level at once: its rows have `place` and `count`.

    It is run once for each project; `values` follow the project's id.
    """

    sql: str
    projects: tuple[str, ...]
    values: tuple[Any, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Connection:
    """A page of rows and what lies around it."""

    rows: Sequence[Row]
    window: Window
    more: bool
    """Whether there is more in the direction of reading."""
    counting: Counting
    """What counts the whole list."""
    place: int
    """Which one of the lists counted together this is, from 1."""
    reached: Row | None = None
    """The row up to which a search has come that goes on from there."""

    @property
    def nodes(self) -> Sequence[Row]:
        """The rows themselves."""
        return self.rows

    @property
    def edges(self) -> list[Edge]:
        """Each row with its cursor."""
        return [Edge(node=row, window=self.window) for row in self.rows]

    @property
    def page_info(self) -> Connection:
        """Where the page begins and ends, and whether it goes on: the properties below."""
        return self

    @property
    def has_next_page(self) -> bool:
        """Whether there is more after this page."""
        return self.window.anchored if self.window.backward else self.more

    @property
    def has_previous_page(self) -> bool:
        """Whether there is more before this page."""
        return self.more if self.window.backward else self.window.anchored

    @property
    def start_cursor(self) -> str | None:
        """The cursor of the first row, or of where a search backwards has come."""
        return self._cursor(0, ends_here=self.window.backward)

    @property
    def end_cursor(self) -> str | None:
        """The cursor of the last row, or of where a search has come."""
        return self._cursor(-1, ends_here=not self.window.backward)

    def _cursor(self, place: int, *, ends_here: bool) -> str | None:
        if ends_here and self.reached is not None:
            return cursor_of(self.reached, self.window)
        return cursor_of(self.rows[place], self.window) if self.rows else None


def window_of(
    page: Page | ForwardPage, ordering: Ordering, *, scope: str, offset: int, largest: int = LARGEST_PAGE
) -> Window:
    """Make a page ready for SQL; its first placeholder is `$offset`.

    `scope` names the list and what narrows it: a cursor of one scope is refused in another. Raises Invalid.
    """
    whole = page if isinstance(page, Page) else Page(first=page.first, after=page.after)
    backward = whole.last is not None
    size = _size(whole, largest)
    anchor = whole.before if backward else whole.after
    if (whole.after if backward else whole.before) is not None:
        raise Invalid("`after` goes with `first`, `before` with `last`.", path=["after" if backward else "before"])
    condition, bindings = "TRUE", tuple[Any, ...]()
    if anchor is not None:
        bindings = _decoded(anchor, ordering, scope, "before" if backward else "after")
        condition = _beyond(ordering, backward=backward, offset=offset, at_null=bindings[0] is None)
    return Window(
        ordering=ordering,
        scope=scope,
        size=size,
        backward=backward,
        anchored=anchor is not None,
        condition=condition,
        order_by=_order_by(ordering, backward=backward),
        offset=offset,
        bindings=bindings,
    )


def window_behind(row: Row, window: Window) -> Window:
    """The same window, read on behind a row of its list."""
    ordering, bindings = window.ordering, tuple(row[column] for column in window.ordering.columns)
    condition = _beyond(ordering, backward=window.backward, offset=window.offset, at_null=bindings[0] is None)
    return replace(window, condition=condition, bindings=bindings)


def connection_of(
    rows: Sequence[Row], window: Window, counting: Counting, place: int = 1, reached: Row | None = None
) -> Connection:
    """The page made of up to `window.size + 1` rows as the statement returned them."""
    kept = rows[: window.size]
    if window.backward:
        kept = kept[::-1]
    more = len(rows) > window.size or reached is not None
    return Connection(rows=kept, window=window, more=more, counting=counting, place=place, reached=reached)


def connections_of(rows: Sequence[Row], window: Window, counting: Counting, places: int) -> list[Connection]:
    """One page for each place, from rows sorted by their places."""
    pages = {place: list(group) for place, group in groupby(rows, key=itemgetter("place"))}
    return [connection_of(pages.get(place, []), window, counting, place) for place in range(1, places + 1)]


def cursor_of(row: Row, window: Window) -> str:
    """The cursor of a row in its list."""
    value, *ties = [row[column] for column in window.ordering.columns]
    if isinstance(value, datetime):
        value = value.isoformat()
    packed = msgspec.json.encode([_fingerprint(window.ordering, window.scope), value, *ties])
    return base64.urlsafe_b64encode(packed).rstrip(b"=").decode()


def _size(page: Page, largest: int) -> int:
    if page.first is not None and page.last is not None:
        raise Invalid("Give `first` or `last`, not both.", path=["last"])
    name = "first" if page.last is None else "last"
    size = page.first if page.last is None else page.last
    if size is None:
        return DEFAULT_SIZE
    if not 0 <= size <= largest:
        message = f"`{name}` is between 0 and {largest}."
        raise Invalid(message, path=[name])
    return size


def _order_by(ordering: Ordering, *, backward: bool) -> str:
    direction = "DESC" if ordering.descending != backward else "ASC"
    nulls = (" NULLS FIRST" if backward else " NULLS LAST") if ordering.nullable else ""
    return ", ".join([f"{ordering.column} {direction}{nulls}", *(f"{name} {direction}" for name, _ in ordering.ties)])


def _beyond(ordering: Ordering, *, backward: bool, offset: int, at_null: bool) -> str:
    """The condition for rows on the far side of an anchor; nulls come last in the list."""
    sign = "<" if ordering.descending != backward else ">"
    column, bound = ordering.column, f"${offset}::{ordering.kind}"
    names = ", ".join(name for name, _ in ordering.ties)
    ties = ", ".join(f"${offset + number}::{kind}" for number, (_, kind) in enumerate(ordering.ties, start=1))
    if at_null:
        same = f"({column} IS NULL AND {bound} IS NULL AND ({names}) {sign} ({ties}))"
        return f"({same} OR {column} IS NOT NULL)" if backward else same
    beyond = f"({column}, {names}) {sign} ({bound}, {ties})"
    return f"({beyond} OR {column} IS NULL)" if ordering.nullable and not backward else beyond


def _decoded(cursor: str, ordering: Ordering, scope: str, argument: str) -> tuple[Any, ...]:
    try:
        packed = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        fingerprint, *values = msgspec.json.decode(packed, type=list[str | int | float | None])
        bindings = _read(values, ordering) if fingerprint == _fingerprint(ordering, scope) else ()
    except (ValueError, TypeError, ArithmeticError, binascii.Error, msgspec.MsgspecError) as error:
        raise Invalid("This is no cursor.", path=[argument]) from error
    if not bindings:
        raise Invalid("This cursor belongs to another list, order or filter.", path=[argument])
    return bindings


def _read(values: Sequence[Any], ordering: Ordering) -> tuple[Any, ...]:
    """What a cursor binds. Raises ValueError for values that no cursor of ours has."""
    value, *ties = values
    read = None if value is None and ordering.nullable else READERS[ordering.kind](value)
    return (read, *(READERS[kind](tie) for (_, kind), tie in zip(ordering.ties, ties, strict=True)))


def _uuid(value: Any) -> str:
    identity = canonical(value)
    if identity is None:
        raise ValueError(value)
    return identity


def _amount(value: Any) -> str:
    amount = Decimal(value)
    if not amount.is_finite() or abs(amount.adjusted()) > LARGEST_EXPONENT:
        raise ValueError(value)
    return str(value)


def _integer(bits: int) -> Callable[[Any], int]:
    def read(value: Any) -> int:
        number = int(value)
        if not -(1 << bits - 1) <= number < 1 << bits - 1:
            raise ValueError(value)
        return number

    return read


def _text(value: Any) -> str:
    if not isinstance(value, str) or "\0" in value:
        raise ValueError(value)
    return value


READERS: Mapping[str, Callable[[Any], Any]] = {
    "timestamptz": lambda value: datetime.fromisoformat(str(value)).astimezone(UTC),
    "float8": float,
    "int8": _integer(64),
    "int4": _integer(32),
    "numeric": _amount,
    "uuid": _uuid,
    "text": _text,
}


@lru_cache(256)
def _fingerprint(ordering: Ordering, scope: str) -> str:
    text = f"{scope}\0{ordering.columns}\0{ordering.descending}"
    return hashlib.blake2b(text.encode(), digest_size=6).hexdigest()
