"""The predicate selects what the SQL selects, for whatever rows and filters there are."""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import fields
from typing import Any, TypeAlias

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.database import Database, open_database
from models.filter_predicate import Predicate, folded, steps_predicate, traces_predicate
from models.filter_sql import Condition, steps_where, traces_where
from models.filters import StepFilter, TraceFilter
from models.ids import new_id
from tests.models.filtered import (
    COVERED,
    StepRow,
    TraceRow,
    characters,
    step_filters,
    step_rows,
    store_steps,
    store_traces,
    trace_filters,
    trace_rows,
)

MANY = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
FILTERS = 30
ASKED = "SELECT *, ARRAY[{tests}] AS selected FROM {table} WHERE project_id = $1"
LOWER = "SELECT lower($1::text COLLATE pg_c_utf8)"


Where: TypeAlias = Callable[..., Condition]
Told: TypeAlias = Callable[[Any], Predicate]


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    async with open_database(database_url) as opened:
        yield opened


@MANY
@given(
    rows=st.lists(trace_rows, min_size=1, max_size=6),
    filters=st.lists(trace_filters, min_size=FILTERS, max_size=FILTERS),
)
async def test_traces_are_selected_alike(database: Database, rows: list[TraceRow], filters: list[TraceFilter]) -> None:
    """The predicate over a trace says what the WHERE clause says, and always decides."""
    project_id = new_id()
    await store_traces(database, project_id, rows)

    await agree(database, project_id, "traces", filters, traces_where, traces_predicate)


@MANY
@given(
    rows=st.lists(step_rows, min_size=1, max_size=6),
    filters=st.lists(step_filters, min_size=FILTERS, max_size=FILTERS),
)
async def test_steps_are_selected_alike(database: Database, rows: list[StepRow], filters: list[StepFilter]) -> None:
    """The same for steps."""
    project_id = new_id()
    await store_steps(database, project_id, new_id(), rows)

    await agree(database, project_id, "trace_steps", filters, steps_where, steps_predicate)


@MANY
@given(text=st.text(characters, max_size=20))
async def test_case_is_folded_alike(database: Database, text: str) -> None:
    """Python and PostgreSQL agree about lower case."""
    row = await database.fetchrow(LOWER, text)

    assert row is not None
    assert folded(text) == row[0]


@pytest.mark.parametrize("kind", [TraceFilter, StepFilter])
def test_every_condition_is_compared(kind: type) -> None:
    """The tests above speak of every field of a filter that a row alone can decide."""
    undecided = {"search", "any_step", "project"}

    assert {field.name for field in fields(kind)} - undecided == COVERED[kind]


@pytest.mark.parametrize(
    ("filter", "expected"),
    [
        (TraceFilter(search="word"), None),
        (TraceFilter(any_step=StepFilter()), None),
        (TraceFilter(not_=TraceFilter(search="word")), None),
        (TraceFilter(search="word", or_=[]), False),
        (TraceFilter(search="word", or_=[TraceFilter()]), None),
        (TraceFilter(or_=[TraceFilter(search="word"), TraceFilter()]), True),
        (TraceFilter(or_=[TraceFilter(search="word"), TraceFilter(or_=[])]), None),
        (TraceFilter(not_=TraceFilter(search="word", or_=[])), True),
        (TraceFilter(search=" "), True),
        (None, True),
    ],
)
def test_what_a_row_can_not_tell_is_left_open(filter: TraceFilter | None, expected: bool | None) -> None:
    """Words and steps are not in the row: the answer is neither yes nor no, unless something else settles it."""
    assert traces_predicate(filter).decide({}) is expected


async def agree(
    database: Database, project_id: str, table: str, filters: Sequence[Any], where: Where, told: Told
) -> None:
    """Ask PostgreSQL about every row and every filter, and the predicates too."""
    conditions: list[Condition] = []
    for each in filters:
        conditions.append(where(each, offset=conditions[-1].following if conditions else 2))
    sql = ASKED.format(table=table, tests=", ".join(f"({condition.sql}) IS TRUE" for condition in conditions))
    rows = await database.fetch(sql, project_id, *(value for condition in conditions for value in condition.values))
    predicates = [told(each) for each in filters]

    for row in rows:
        assert row["selected"] == [
            predicate.decide({name: row[name] for name in predicate.columns}) for predicate in predicates
        ]
