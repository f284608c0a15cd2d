"""Sessions: the traces that share a session id, those with the newest trace first, within their project."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from auth.viewer import INGEST
from ingest.drafts import Draft, StepDraft, TraceDraft, Usage
from models.comparisons import IDFilter, StringFilter
from models.enums import TraceStatus
from models.errors import Invalid, NotFound, Refused
from models.filters import TraceFilter
from models.ids import new_id
from models.values import BigInt, Id, Money, Uuid
from resolvers import lists, sessions, traces
from resolvers.context import Context
from resolvers.pages import Cursor, ForwardPage, Page
from tests.resolvers.conftest import elsewhere, with_scopes

START = datetime(2026, 11, 2, tzinfo=UTC)
ENDLESS = 50


@dataclass(frozen=True, kw_only=True)
class Run:
    """A trace of a session, or of none."""

    session: str | None
    start: int
    user: str | None = None


runs = st.lists(
    st.builds(
        Run,
        session=st.none() | st.sampled_from(["a", "B", "ü"]),
        start=st.integers(0, 3),
        user=st.none() | st.sampled_from(["ann", "ben"]),
    ),
    max_size=10,
)


async def record(context: Context, stored: Sequence[Run]) -> None:
    """Store a trace for each run."""
    drafts: list[Draft] = [
        TraceDraft(
            id=Uuid(new_id()),
            name="run",
            session_id=run.session,
            user_id=run.user,
            start_time=START + timedelta(seconds=run.start),
        )
        for run in stored
    ]
    await context.writer.record(context.project_id, drafts)


def expected(stored: Sequence[Run], user: str | None = None) -> list[tuple[str, int, datetime]]:
    """Session, how many traces, first start: of those with a trace of this user, last started first, then by id."""
    named = {run.session for run in stored if run.session and user in (None, run.user)}
    starts = {session: [run.start for run in stored if run.session == session] for session in named}
    order = sorted(named, key=lambda session: (max(starts[session]), session or ""), reverse=True)
    return [(str(each), len(starts[each]), START + timedelta(seconds=min(starts[each]))) for each in order]


@settings(
    max_examples=15,
    phases=[Phase.explicit, Phase.generate],
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(stored=runs, size=st.integers(1, 3), user=st.none() | st.just("ann"))
async def test_pages_visit_every_session_once(stored: list[Run], size: int, user: str | None, context: Context) -> None:
    """Following the cursors gives each session with a matching trace once, with the totals of all its traces."""
    here = await elsewhere(context)
    await record(here, stored)
    await record(await elsewhere(context), [Run(session="a", start=9), Run(session="theirs", start=9)])
    narrowed = None if user is None else TraceFilter(user_id=StringFilter(eq=user))

    page = await sessions.page(here, filter=narrowed, page=ForwardPage(first=size))
    found = [*page.nodes]
    while page.has_next_page and len(found) < ENDLESS:
        after = Cursor(page.end_cursor or "")
        page = await sessions.page(here, filter=narrowed, page=ForwardPage(first=size, after=after))
        found += page.nodes

    assert [(row["id"], row["trace_count"], row["start_time"]) for row in found] == expected(stored, user)
    assert await lists.counts(here, [page]) == [len(found)]


async def test_a_session_adds_up(context: Context) -> None:
    """Tokens, cost and errors are those of all traces; the end is open while one of them runs."""
    ids = [Uuid(new_id()) for _ in range(2)]
    drafts: list[Draft] = [
        TraceDraft(id=ids[0], name="a", session_id="s", start_time=START, end_time=START, status=TraceStatus.ERROR),
        TraceDraft(id=ids[1], name="b", session_id="s", start_time=START + timedelta(seconds=1)),
        StepDraft(trace_id=ids[0], name="a", usage=Usage(input=BigInt(2)), cost=Money("0.10")),
        StepDraft(trace_id=ids[1], name="b", usage=Usage(output=BigInt(5)), cost=Money("0.02")),
    ]
    await context.writer.record(context.project_id, drafts)
    (open_,) = (await sessions.page(context, page=ForwardPage())).nodes
    ended = TraceDraft(id=ids[1], name="b", end_time=START + timedelta(seconds=3), status=TraceStatus.OK)
    await context.writer.record(context.project_id, [ended])
    (closed,) = (await sessions.page(context, page=ForwardPage())).nodes

    assert (open_["end_time"], closed["end_time"]) == (None, START + timedelta(seconds=3))
    assert (closed["trace_count"], closed["error_count"], closed["total_tokens"]) == (2, 1, 7)
    assert (closed["input_tokens"], closed["output_tokens"], closed["cost"]) == (2, 5, "0.12")


async def test_a_session_of_two_projects_is_two(context: Context) -> None:
    """Sessions are told apart by project; the traces of each are its own, also when both are listed together."""
    other = await elsewhere(context)
    await record(context, [Run(session="s", start=1), Run(session="s", start=2)])
    await record(other, [Run(session="s", start=2)])
    both = TraceFilter(project=IDFilter(in_=[Id(context.project_id), Id(other.project_id)]))

    one = await sessions.page(context, page=ForwardPage())
    two = await sessions.page(context, filter=both, page=ForwardPage())
    following = await sessions.page(context, filter=both, page=ForwardPage(first=1, after=Cursor(two.edges[0].cursor)))
    pages = await traces.of_sessions(context, two.nodes, page=ForwardPage(first=1))

    assert [row["trace_count"] for row in one.nodes] == [2]
    assert {row["project_id"]: row["trace_count"] for row in two.nodes} == {context.project_id: 2, other.project_id: 1}
    assert [row["project_id"] for row in following.nodes] == [two.nodes[1]["project_id"]]
    assert {row["project_id"] for page in pages for row in page.nodes} == {context.project_id, other.project_id}
    assert await lists.counts(context, pages) == [row["trace_count"] for row in two.nodes]


async def test_a_foreign_cursor_or_project_is_refused(context: Context) -> None:
    """A cursor of another filter or another list is refused, and so is a project that the key can't open."""
    await record(context, [Run(session="s", start=1, user="ann")])
    cursor = Cursor((await sessions.page(context, page=ForwardPage())).end_cursor or "")
    other = Cursor((await traces.page(context, page=Page())).end_cursor or "")
    narrowed = TraceFilter(user_id=StringFilter(eq="ann"))

    for filter, after in ((narrowed, cursor), (None, other), (None, Cursor("bm90aGluZw"))):
        with pytest.raises(Invalid) as refusal:
            await sessions.page(context, filter=filter, page=ForwardPage(after=after))
        assert refusal.value.path == ("after",)
    with pytest.raises(NotFound) as absent:
        await sessions.page(context, filter=TraceFilter(project=IDFilter(eq=Id(new_id()))), page=ForwardPage())
    assert absent.value.path == ("filter", "project", "eq")


async def test_reading_needs_its_scope(context: Context) -> None:
    """A key without the scope READ sees no session."""
    with pytest.raises(Refused):
        await sessions.page(with_scopes(context, INGEST), page=ForwardPage())
