"""Pages under filters and hostile cursors: each row that passes comes once, and never a row of another project."""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import fields
from typing import Any, TypeAlias

import msgspec
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from models.comparisons import JSONFilter
from models.errors import Invalid
from models.filter_sql import traces_where
from models.filters import TraceFilter
from models.values import Json
from resolvers import sessions, steps, traces
from resolvers.context import Context
from resolvers.pages import Connection, Cursor, Direction, ForwardPage, Page
from resolvers.traces import TraceOrder, TraceOrderField
from tests.models.filtered import IDS, TRACE, TraceRow, store_traces, trace_filters, trace_rows
from tests.resolvers.conftest import elsewhere

MANY = settings(
    max_examples=40,
    phases=[Phase.explicit, Phase.generate],
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
Ask: TypeAlias = Callable[[Context, Cursor | None], Awaitable[Connection]]

SELECTED = "SELECT id FROM traces WHERE project_id = $1 AND {condition}"
ENDLESS = 50

orders = st.builds(TraceOrder, field=st.sampled_from(TraceOrderField), direction=st.sampled_from(Direction))
narrowings = trace_filters | st.sampled_from(["check", "a", '"']).map(lambda word: TraceFilter(search=word))
texts = st.text("aé\0-_=\u2028", max_size=20)
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts
forgeries = scalars | st.sampled_from([*IDS[:2], "2026-11-02T00:00:00Z", "0001-01-01", "NaN", "Infinity", 2**63, 1e300])


@MANY
@given(
    stored=st.lists(trace_rows, max_size=6),
    newcomers=st.lists(trace_rows, max_size=6),
    filter=narrowings,
    order=orders,
    size=st.integers(1, 3),
)
async def test_pages_visit_what_the_filter_selects(
    stored: list[TraceRow],
    newcomers: list[TraceRow],
    filter: TraceFilter,
    order: TraceOrder,
    size: int,
    context: Context,
) -> None:
    """In any order and either direction every row of the set comes once, while others arrive between the pages."""
    here = await elsewhere(context)
    await store_traces(here.database, here.project_id, stored)
    await store_traces(here.database, (await elsewhere(context)).project_id, newcomers)
    condition = traces_where(filter, offset=2)
    rows = await here.database.fetch(SELECTED.format(condition=condition.sql), here.project_id, *condition.values)
    arriving = list(zip(IDS[6:], newcomers, strict=False))

    there = await visited(here, filter, order, size, arriving)
    back = await visited(here, filter, order, -size, [])
    known = set(IDS[:6])
    assert sorted(each for each in there if each in known) == sorted(row["id"] for row in rows)
    assert [each for each in back if each in known] == [each for each in there if each in known]
    assert len(set(there)) == len(there)
    assert len(set(back)) == len(back)


@MANY
@given(values=st.lists(forgeries, max_size=4), junk=texts)
async def test_a_forged_cursor_reads_nothing_foreign(values: list[Any], junk: str, context: Context) -> None:
    """Whatever stands in a cursor, the answer is a page of this project or a refusal that names the argument."""
    here, other = await elsewhere(context), await elsewhere(context)
    for project in (here, other):
        await context.database.execute(SESSION, project.project_id, IDS[0])
        await context.database.execute(STEP_OF, project.project_id, IDS[0], IDS[1])
    for name, ask in LISTS.items():
        genuine = (await ask(here, None)).end_cursor or ""
        fingerprint = msgspec.json.decode(base64.urlsafe_b64decode(genuine + "=" * (-len(genuine) % 4)))[0]
        forged = base64.urlsafe_b64encode(msgspec.json.encode([fingerprint, *values])).rstrip(b"=").decode()
        for cursor in (forged, junk, genuine[:-4], genuine + "AAAA"):
            assert await outcome(here, ask, Cursor(cursor)) in ({here.project_id}, set(), ("after",)), name


@pytest.mark.parametrize("key", ["'", '"', "}', ARRAY[$1]) OR true --", "$1", "%s", "{", "\\", "a,b", "-1", "\u2028"])
async def test_a_hostile_path_selects_nothing_foreign(context: Context, key: str) -> None:
    """A key of a path is a value: it finds what stands under just this key, in this project."""
    other = await elsewhere(context)
    metadata = msgspec.json.encode({key: {key: 1}}).decode()
    for project in (context, other):
        await context.database.execute(LABELLED, project.project_id, IDS[0], metadata)
        await context.database.execute(LABELLED, project.project_id, IDS[1], "{}")
    for given_ in ({"eq": Json("1")}, {"gte": 1.0}, {"exists": True}):
        filter = TraceFilter(metadata=[JSONFilter(path=[key, key], **given_)])
        found = await traces.page(context, filter=filter, page=Page())

        assert [(row["project_id"], row["id"]) for row in found.nodes] == [(context.project_id, IDS[0])]


async def outcome(context: Context, ask: Ask, cursor: Cursor) -> set[str] | tuple[str, ...]:
    """The projects of the rows behind a cursor, or the path of its refusal."""
    try:
        return {row["project_id"] for row in (await ask(context, cursor)).nodes}
    except Invalid as refusal:
        return refusal.path


async def visited(
    here: Context, filter: TraceFilter, order: TraceOrder, size: int, arriving: Sequence[tuple[str, TraceRow]]
) -> list[str]:
    """The ids of all pages, backwards for a negative size; before each page but the first somebody arrives."""
    pages, coming, cursor = list[list[str]](), list(arriving), None
    while len(pages) < ENDLESS:
        page = Page(first=size, after=cursor) if size > 0 else Page(last=-size, before=cursor)
        found = await traces.page(here, filter=filter, order_by=order, page=page)
        pages.append([row["id"] for row in found.nodes])
        more, end = (
            (found.has_next_page, found.end_cursor) if size > 0 else (found.has_previous_page, found.start_cursor)
        )
        if not more:
            break
        cursor = Cursor(end or "")
        if coming:
            identity, row = coming.pop()
            values = [getattr(row, each.name) for each in fields(row)]
            await here.database.execute(TRACE, here.project_id, identity, *values)
    return [each for page in (pages if size > 0 else pages[::-1]) for each in page]


async def _traces(context: Context, after: Cursor | None) -> Connection:
    return await traces.page(context, page=Page(after=after))


async def _by_cost(context: Context, after: Cursor | None) -> Connection:
    return await traces.page(context, order_by=TraceOrder(field=TraceOrderField.COST), page=Page(after=after))


async def _by_tokens(context: Context, after: Cursor | None) -> Connection:
    return await traces.page(context, order_by=TraceOrder(field=TraceOrderField.TOTAL_TOKENS), page=Page(after=after))


async def _by_duration(context: Context, after: Cursor | None) -> Connection:
    return await traces.page(context, order_by=TraceOrder(field=TraceOrderField.DURATION), page=Page(after=after))


async def _steps(context: Context, after: Cursor | None) -> Connection:
    return await steps.page(context, page=Page(after=after))


async def _sessions(context: Context, after: Cursor | None) -> Connection:
    return await sessions.page(context, page=ForwardPage(after=after))


LISTS: Mapping[str, Ask] = {
    "traces": _traces,
    "traces by cost": _by_cost,
    "traces by tokens": _by_tokens,
    "traces by duration": _by_duration,
    "steps": _steps,
    "sessions": _sessions,
}
SESSION = """
INSERT INTO traces (project_id, id, name, status, start_time, session_id, created_at, updated_at)
VALUES ($1, $2, 'run', 'OK', now(), 'session', now(), now())
"""
STEP_OF = """
INSERT INTO trace_steps (project_id, trace_id, id, name, kind, status, start_time, created_at, updated_at)
VALUES ($1, $2, $3, 'call', 'LLM', 'OK', now(), now(), now())
"""
LABELLED = """
INSERT INTO traces (project_id, id, name, status, start_time, metadata, created_at, updated_at)
VALUES ($1, $2, 'run', 'OK', now(), $3, now(), now())
"""
