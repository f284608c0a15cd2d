"""Pages visit every row exactly once, in order, in both directions, whatever nulls, ties and newcomers there are."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from models.errors import Invalid
from models.ids import new_id
from resolvers import traces
from resolvers.context import Context
from resolvers.pages import Connection, Cursor, Direction, Page, window_of
from resolvers.traces import NEWEST_FIRST, TraceOrder, TraceOrderField, ordering_of
from tests.resolvers.conftest import elsewhere
from tests.resolvers.listed import AN_ENTRY, LISTINGS, Entry, Listing, Shelf, change, entries, entry_lists, store

MANY = settings(
    max_examples=12,
    phases=[Phase.explicit, Phase.generate],
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
SIZES = st.integers(1, 4)
ENDLESS = 50


@MANY
@given(stored=entry_lists, size=SIZES)
async def test_pages_visit_every_row_once_in_order(stored: list[Entry], size: int, context: Context) -> None:
    """Following the cursors, forwards or backwards, gives the whole list in its order, in full pages."""
    shelf = Shelf(context=await elsewhere(context), trace=new_id())
    await store(shelf, stored)

    for listing in LISTINGS:
        expected = listing.order(stored)
        assert await read_on(listing, shelf, size) == expected, listing.name
        assert await read_back(listing, shelf, size) == expected, listing.name


@MANY
@given(stored=entry_lists.filter(len), data=st.data())
async def test_every_cursor_divides_the_list(stored: list[Entry], data: st.DataObject, context: Context) -> None:
    """After the cursor of any row come the rows behind it, before it those in front of it."""
    shelf = Shelf(context=await elsewhere(context), trace=new_id())
    await store(shelf, stored)

    for listing in LISTINGS:
        whole = await listing.ask(shelf, Page(first=100))
        expected, place = ids(whole), data.draw(st.integers(0, len(stored) - 1))
        cursor = Cursor(str(whole.edges[place].cursor))
        assert ids(await listing.ask(shelf, Page(first=100, after=cursor))) == expected[place + 1 :], listing.name
        assert ids(await listing.ask(shelf, Page(last=100, before=cursor))) == expected[:place], listing.name


@MANY
@given(stored=entry_lists, newcomers=entry_lists, size=SIZES)
async def test_newcomers_move_no_row_to_another_page(
    stored: list[Entry], newcomers: list[Entry], size: int, context: Context
) -> None:
    """Rows that arrive while somebody reads are there or not; all others still come once and in order."""
    known = {entry.id for entry in stored}
    for listing in LISTINGS:
        shelf = Shelf(context=await elsewhere(context), trace=new_id())
        await store(shelf, stored)
        arriving = asyncio.ensure_future(one_by_one(shelf, [entry for entry in newcomers if entry.id not in known]))
        visited = await read_on(listing, shelf, size)
        await arriving
        assert [row for row in visited if row in known] == listing.order(stored), listing.name
        assert len(set(visited)) == len(visited), listing.name


@MANY
@given(stored=entry_lists.filter(len), data=st.data(), size=SIZES)
async def test_rows_that_change_move_no_other(
    stored: list[Entry], data: st.DataObject, size: int, context: Context
) -> None:
    """A row that changes its place while somebody reads comes at the one or the other; all others once and in order."""
    moved = data.draw(st.lists(st.sampled_from(stored), max_size=3, unique_by=lambda entry: entry.id))
    changed = [replace(data.draw(entries), id=entry.id) for entry in moved]
    others = [entry for entry in stored if entry not in moved]
    for listing in LISTINGS:
        shelf = Shelf(context=await elsewhere(context), trace=new_id())
        await store(shelf, stored)
        first = await listing.ask(shelf, Page(first=size))
        await change(shelf, changed)
        rest = await listing.ask(shelf, Page(first=100, after=Cursor(first.end_cursor or "")))
        unmoved = {entry.id for entry in others}
        assert [row for row in ids(first) + ids(rest) if row in unmoved] == listing.order(others), listing.name


@pytest.mark.parametrize(
    ("page", "path"),
    [
        ({"first": -1}, "first"),
        ({"first": 101}, "first"),
        ({"last": 101}, "last"),
        ({"first": 1, "last": 1}, "last"),
        ({"last": 1, "after": "x"}, "after"),
        ({"first": 1, "before": "x"}, "before"),
        ({"after": "no cursor"}, "after"),
        ({"after": "é"}, "after"),
        ({"after": "W10"}, "after"),
        ({"last": 1, "before": ""}, "before"),
    ],
)
def test_a_page_that_makes_no_sense_is_refused(page: dict[str, Any], path: str) -> None:
    """The path of the refusal names the argument at fault."""
    with pytest.raises(Invalid) as refusal:
        window_of(Page(**page), ordering_of(None), scope="traces", offset=2)

    assert refusal.value.path == (path,)


@pytest.mark.parametrize(
    ("order", "scope"),
    [
        (TraceOrder(field=TraceOrderField.START_TIME, direction=Direction.ASC), "traces"),
        (TraceOrder(field=TraceOrderField.UPDATED_AT), "traces"),
        (NEWEST_FIRST, "session.traces"),
    ],
)
async def test_a_cursor_belongs_to_its_list(context: Context, order: TraceOrder, scope: str) -> None:
    """A cursor of another order, another direction or another list is refused, not misread."""
    shelf = Shelf(context=context, trace=new_id())
    await store(shelf, [AN_ENTRY])
    cursor = (await traces.page(context, page=Page(first=1))).end_cursor

    with pytest.raises(Invalid) as refusal:
        window_of(Page(after=Cursor(cursor or "")), ordering_of(order), scope=scope, offset=2)
    assert refusal.value.path == ("after",)


async def test_an_empty_page_has_no_cursors(context: Context) -> None:
    """A list without rows is one empty page, in both directions."""
    for page in (Page(), Page(first=0), Page(last=5)):
        connection = await traces.page(context, page=page)

        assert (connection.nodes, connection.start_cursor, connection.end_cursor) == ([], None, None)
        assert (connection.has_next_page, connection.has_previous_page) == (False, False)


async def one_by_one(shelf: Shelf, newcomers: list[Entry]) -> None:
    for entry in newcomers:
        await store(shelf, [entry])


def ids(connection: Connection) -> list[str]:
    return [row["id"] for row in connection.nodes]


async def read_on(listing: Listing, shelf: Shelf, size: int, after: str | None = None) -> list[str]:
    """The ids of all pages from a cursor to the end."""
    visited: list[str] = []
    while len(visited) < ENDLESS:
        connection = await listing.ask(shelf, Page(first=size, after=None if after is None else Cursor(after)))
        assert connection.has_previous_page == (after is not None)
        assert connection.nodes or after is None
        visited += ids(connection)
        if not connection.has_next_page:
            return visited
        assert len(connection.nodes) == size
        after = connection.end_cursor
    return visited


async def read_back(listing: Listing, shelf: Shelf, size: int) -> list[str]:
    """The ids of all pages from the end to the front."""
    visited: list[str] = []
    before: str | None = None
    while len(visited) < ENDLESS:
        connection = await listing.ask(shelf, Page(last=size, before=None if before is None else Cursor(before)))
        assert connection.has_next_page == (before is not None)
        assert connection.nodes or before is None
        visited = ids(connection) + visited
        if not connection.has_previous_page:
            return visited
        assert len(connection.nodes) == size
        before = connection.start_cursor
    return visited
