"""Pages: keyset pagination over (order column, id), the same in both directions, with nulls at the end."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any, NewType

import msgspec

from models.errors import Invalid
from models.rows import Row

Cursor = NewType("Cursor", str)
"""An opaque position in a list."""

DEFAULT_SIZE = 20
LARGEST_PAGE = 100


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
    """By which column a list is sorted; the id decides between equals."""

    column: str
    kind: str
    """The PostgreSQL type of the column."""
    descending: bool
    nullable: bool = False


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
    """The statement that counts whole lists, all of a level at once: its rows have `place` and `count`."""

    sql: str
    values: tuple[Any, ...]


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
        """The cursor of the first row."""
        return cursor_of(self.rows[0], self.window) if self.rows else None

    @property
    def end_cursor(self) -> str | None:
        """The cursor of the last row."""
        return cursor_of(self.rows[-1], self.window) if self.rows else None


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
    condition, bindings = "TRUE", ()
    if anchor is not None:
        value, identity = _decoded(anchor, ordering, scope, "before" if backward else "after")
        condition, bindings = _beyond(ordering, value, identity, backward=backward, offset=offset)
    return Window(
        ordering=ordering,
        scope=scope,
        size=size,
        backward=backward,
        anchored=anchor is not None,
        condition=condition,
        order_by=_order_by(ordering, backward=backward),
        bindings=bindings,
    )


def connection_of(rows: Sequence[Row], window: Window, counting: Counting, place: int = 1) -> Connection:
    """The page made of up to `window.size + 1` rows as the statement returned them."""
    kept = rows[: window.size]
    if window.backward:
        kept = kept[::-1]
    return Connection(rows=kept, window=window, more=len(rows) > window.size, counting=counting, place=place)


def cursor_of(row: Row, window: Window) -> str:
    """The cursor of a row in its list."""
    value = row[window.ordering.column]
    if isinstance(value, datetime):
        value = value.isoformat()
    packed = msgspec.json.encode([_fingerprint(window.ordering, window.scope), value, row["id"]])
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
    return f"{ordering.column} {direction}{nulls}, id {direction}"


def _beyond(
    ordering: Ordering, value: object, identity: str, *, backward: bool, offset: int
) -> tuple[str, tuple[Any, ...]]:
    """The condition for rows on the far side of an anchor; nulls come last in the list."""
    sign = "<" if ordering.descending != backward else ">"
    column, bound = ordering.column, f"${offset}::{ordering.kind}"
    beyond = f"({column}, id) {sign} ({bound}, ${offset + 1}::uuid)"
    if not ordering.nullable:
        return beyond, (value, identity)
    if value is None:
        same = f"({column} IS NULL AND {bound} IS NULL AND id {sign} ${offset + 1}::uuid)"
        return (f"({same} OR {column} IS NOT NULL)" if backward else same), (value, identity)
    return (beyond if backward else f"({beyond} OR {column} IS NULL)"), (value, identity)


def _decoded(cursor: str, ordering: Ordering, scope: str, argument: str) -> tuple[object, str]:
    try:
        packed = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        fingerprint, value, identity = msgspec.json.decode(packed, type=tuple[str, str | int | float | None, str])
        if ordering.kind == "timestamptz":
            value = datetime.fromisoformat(str(value))  # type: ignore[assignment]  # what this column binds
    except (ValueError, binascii.Error, msgspec.MsgspecError) as error:
        raise Invalid("This is no cursor.", path=[argument]) from error
    if fingerprint != _fingerprint(ordering, scope):
        raise Invalid("This cursor belongs to another list, order or filter.", path=[argument])
    return value, identity


@lru_cache(256)
def _fingerprint(ordering: Ordering, scope: str) -> str:
    text = f"{scope}\0{ordering.column}\0{ordering.descending}"
    return hashlib.blake2b(text.encode(), digest_size=6).hexdigest()
