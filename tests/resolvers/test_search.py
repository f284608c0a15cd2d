"""A search ends in time: with what it has found and where to go on, and whoever goes on sees everything once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from ingest.drafts import Draft, StepDraft, TraceDraft
from models.comparisons import DateTimeFilter
from models.filter_sql import traces_where
from models.filters import StepFilter, TraceFilter
from models.ids import new_id
from models.values import Json, Uuid
from resolvers import search, steps, traces
from resolvers.context import Context
from resolvers.pages import Connection, Counting, Cursor, Page, connection_of, window_of
from resolvers.tables import TRACES
from tests.resolvers.conftest import elsewhere

START = datetime(2026, 11, 2, tzinfo=UTC)
STORED = 2 * search.FIRST_SLICE + search.FIRST_SLICE // 2
EVERY = 90
NEEDLES = [f"run {number}" for number in range(0, STORED, EVERY)]
NEWEST_FIRST = NEEDLES[::-1]
NEEDLE = TraceFilter(search="needle")
ENDLESS = 50


@pytest.fixture
async def filled(context: Context) -> Context:
    """A project of more traces than two slices; a step of every ninetieth says a word that no other says."""
    drafts: list[Draft] = []
    for number in range(STORED):
        trace, start = Uuid(new_id()), START + timedelta(seconds=number)
        said = '"a NEEDLE"' if number % EVERY == 0 else '"hay"'
        drafts += [
            TraceDraft(id=trace, name=f"run {number}", start_time=start),
            StepDraft(trace_id=trace, name=f"run {number}", start_time=start, output=Json(said)),
        ]
    await context.writer.record(context.project_id, drafts)
    return context


async def hurried(context: Context, page: Page) -> Connection:
    """A page of the search, by somebody who has time for one slice only."""
    condition = traces_where(NEEDLE, offset=2)
    window = window_of(page, traces.ordering_of(None), scope="search", offset=condition.following)
    looked = search.Search(
        project_id=context.project_id,
        slice=lambda window, size: TRACES.slice(window, None, condition, size),
        values=condition.values,
    )
    found = await search.through(context.database, looked, window, seconds=0.0)
    return connection_of(found.rows, window, Counting(sql="", projects=()), reached=found.reached)


async def test_a_search_finds_everything_in_order(filled: Context) -> None:
    """With time enough a search is like any other list: the newest first, from the front and from the end."""
    front = await traces.page(filled, filter=NEEDLE, page=Page(first=3))
    rest = await traces.page(filled, filter=NEEDLE, page=Page(first=50, after=Cursor(front.end_cursor or "")))
    end = await traces.page(filled, filter=NEEDLE, page=Page(last=2))
    of_steps = await steps.page(filled, filter=StepFilter(search="needle"), page=Page(first=50))

    assert (names(front), front.has_next_page) == (NEWEST_FIRST[:3], True)
    assert (names(rest), rest.has_next_page) == (NEWEST_FIRST[3:], False)
    assert (names(end), end.has_previous_page) == (NEWEST_FIRST[-2:], True)
    assert names(of_steps) == NEWEST_FIRST


async def test_a_hurried_search_goes_on_where_it_stopped(filled: Context) -> None:
    """Pages that end early say that there may be more, and their cursors lead on through the whole list."""
    page = await hurried(filled, Page(first=4))
    pages = [page]
    while page.has_next_page and len(pages) < ENDLESS:
        page = await hurried(filled, Page(first=4, after=Cursor(page.end_cursor or "")))
        pages.append(page)

    assert [name for page in pages for name in names(page)] == NEWEST_FIRST
    assert any(len(page.nodes) < 4 for page in pages[:-1])


async def test_a_hurried_search_goes_back_the_same_way(filled: Context) -> None:
    """Backwards it is the start cursor that leads on."""
    page = await hurried(filled, Page(last=2))
    pages = [page]
    while page.has_previous_page and len(pages) < ENDLESS:
        page = await hurried(filled, Page(last=2, before=Cursor(page.start_cursor or "")))
        pages.insert(0, page)

    assert [name for page in pages for name in names(page)] == NEWEST_FIRST


async def test_a_search_keeps_to_the_rest_of_its_filter(filled: Context) -> None:
    """What a filter says besides is kept: times, other words inside of `or` and `not`, the project."""
    before = START + timedelta(seconds=EVERY + 1)
    early = TraceFilter(search="needle", start_time=DateTimeFilter(lt=before))
    nested = TraceFilter(or_=[NEEDLE, TraceFilter(search="nothing")], not_=TraceFilter(search=NEWEST_FIRST[0]))

    assert names(await traces.page(filled, filter=early, page=Page(first=50))) == NEWEST_FIRST[-2:]
    assert names(await traces.page(filled, filter=nested, page=Page(first=50))) == NEWEST_FIRST[1:]
    assert names(await traces.page(await elsewhere(filled), filter=NEEDLE, page=Page(first=50))) == []


def names(connection: Connection) -> list[str]:
    return [row["name"] for row in connection.nodes]
