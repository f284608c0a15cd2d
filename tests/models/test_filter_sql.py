"""What filters select from a real database, value by value, and that no value is part of the statement."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.comparisons import (
    DecimalFilter,
    FloatFilter,
    IDFilter,
    IntFilter,
    JSONFilter,
    StringFilter,
    TagsFilter,
    TraceStatusFilter,
)
from models.database import Database, open_database
from models.enums import TraceStatus
from models.errors import Invalid
from models.filter_predicate import folded, traces_predicate
from models.filter_sql import Condition, steps_where, traces_where
from models.filters import StepFilter, TraceFilter
from models.ids import new_id
from models.values import BigInt, Id, Json, Money
from tests.models.filtered import (
    IDS,
    START,
    StepRow,
    TraceRow,
    needles,
    step_filters,
    step_rows,
    store_steps,
    store_traces,
    trace_rows,
)

MANY = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
TRACES = "SELECT * FROM traces WHERE project_id = $1 AND {condition} ORDER BY id"
STEPS = "SELECT * FROM trace_steps WHERE project_id = $1 AND {condition} ORDER BY id"

METADATA = (
    '{"plan": "gold", "n": 1.0, "deep": {"0": "key", "list": [1, "CAF\u00c9", null]}, "flag": true}',
    '{"plan": "Golden_100%", "n": "1", "deep": ["entry"], "none": null, "flag": 1}',
    '{"n": 12345678901234567890.000000001, "a\\"b": 0.1}',
    "{}",
)


def a_trace(**given: Any) -> TraceRow:
    absent = dict.fromkeys(
        ("end_time", "session_id", "user_id", "environment", "input", "output", "error_type", "error_message", "cost")
    )
    plain = {"name": "run", "status": "OK", "start_time": START, "tags": [], "metadata": "{}", "models": []}
    return TraceRow(**{**absent, **plain, "step_count": 0, "input_tokens": 0} | given)


def a_step(**given: Any) -> StepRow:
    absent = dict.fromkeys(StepRow.__dataclass_fields__)
    plain = {"name": "call", "kind": "LLM", "status": "OK", "start_time": START, "attributes": "{}"}
    return StepRow(**{**absent, **plain} | given)


STORED = (
    a_trace(
        name="Checkout", session_id="a", tags=["x", "y"], metadata=METADATA[0], models=["gpt-5", "o3"], cost="0.10"
    ),
    a_trace(name="check_out", session_id="", tags=["x"], metadata=METADATA[1], models=["o3"], step_count=2, cost="0"),
    a_trace(name="CHECK%OUT", status="ERROR", tags=["y"], metadata=METADATA[2], end_time=START),
    a_trace(name="back\\slash", session_id="b", metadata=METADATA[3], error_type="E"),
)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    async with open_database(database_url) as opened:
        yield opened


def name(**given: Any) -> TraceFilter:
    return TraceFilter(name=StringFilter(**given))


def session(**given: Any) -> TraceFilter:
    return TraceFilter(session_id=StringFilter(**given))


def model(**given: Any) -> TraceFilter:
    return TraceFilter(model=StringFilter(**given))


def tags(**given: Any) -> TraceFilter:
    return TraceFilter(tags=TagsFilter(**given))


def inside(*path: str, **given: Any) -> TraceFilter:
    return TraceFilter(metadata=[JSONFilter(path=path, **given)])


def cost(**given: Any) -> TraceFilter:
    return TraceFilter(cost=DecimalFilter(**given))


def equal(text: str) -> dict[str, Json]:
    return {"eq": Json(text)}


# Which of the traces above are in each set.
SETS: list[tuple[TraceFilter, str]] = [
    (TraceFilter(), "0123"),
    (TraceFilter(name=StringFilter()), "0123"),
    (TraceFilter(and_=[]), "0123"),
    (TraceFilter(or_=[]), ""),
    (TraceFilter(not_=TraceFilter()), ""),
    (TraceFilter(and_=[name(contains="check"), TraceFilter(step_count=IntFilter(gt=BigInt(1)))]), "1"),
    (TraceFilter(or_=[name(eq="Checkout"), name(eq="check_out")]), "01"),
    (TraceFilter(not_=session(eq="a")), "123"),
    (TraceFilter(not_=TraceFilter(not_=session(eq="a"))), "0"),
    (name(eq="Checkout"), "0"),
    (name(contains="CHECK"), "012"),
    (name(contains="k_o"), "1"),
    (name(contains="k%o"), "2"),
    (name(contains="k\\s"), "3"),
    (name(contains=""), "0123"),
    (name(starts_with="check"), "1"),
    (name(starts_with="CHECK%"), "2"),
    (name(in_=[]), ""),
    (name(in_=["Checkout", "nothing"]), "0"),
    (session(ne="a"), "123"),
    (session(eq=""), "1"),
    (session(contains=""), "013"),
    (session(is_null=True), "2"),
    (session(is_null=False, ne="a"), "13"),
    (TraceFilter(status=TraceStatusFilter(ne=TraceStatus.OK)), "2"),
    (TraceFilter(status=TraceStatusFilter(in_=[TraceStatus.OK, TraceStatus.ERROR])), "0123"),
    (TraceFilter(duration_ms=FloatFilter(gte=0.0)), "2"),
    (TraceFilter(not_=TraceFilter(duration_ms=FloatFilter(gt=0.0))), "0123"),
    (TraceFilter(id=IDFilter(eq=Id(IDS[0].upper()))), "0"),
    (TraceFilter(id=IDFilter(eq=Id("no id"))), ""),
    (TraceFilter(not_=TraceFilter(id=IDFilter(eq=Id("no id")))), "0123"),
    (TraceFilter(id=IDFilter(in_=[Id("no id"), Id(IDS[3])])), "3"),
    (cost(gte=Money("0.1")), "0"),
    (cost(gt=Money("1e-1")), ""),
    (cost(is_null=True), "23"),
    (model(eq="o3"), "01"),
    (model(ne="gpt-5"), "123"),
    (model(in_=["gpt-5", "x"]), "0"),
    (model(in_=[]), ""),
    (model(contains="GPT"), "0"),
    (model(starts_with="o"), "01"),
    (model(is_null=True), "23"),
    (model(is_null=False), "01"),
    (tags(has_all=["x", "y"]), "0"),
    (tags(has_all=[]), "0123"),
    (tags(has_any=["x", "z"]), "01"),
    (tags(has_any=[]), ""),
    (tags(has_none=["x"]), "23"),
    (inside("plan", **equal('"gold"')), "0"),
    (inside("plan", contains="GOLD"), "01"),
    (inside("plan", contains="n_1"), "1"),
    (inside("n", **equal("1")), "0"),
    (inside("n", contains="1"), "1"),
    (inside("n", gte=1.0), "02"),
    (inside("n", lt=2.0), "0"),
    (inside('a"b', lte=0.1), "2"),
    (inside('a"b', lt=0.1), ""),
    (inside("n", **equal("12345678901234567890.0000000010")), "2"),
    (inside("flag", **equal("true")), "0"),
    (inside("flag", **equal("1.0")), "1"),
    (inside("deep", "0", **equal('"key"')), "0"),
    (inside("deep", "0", **equal('"entry"')), "1"),
    (inside("deep", "-1", **equal('"entry"')), "1"),
    (inside("deep", " +0", **equal('"entry"')), "1"),
    (inside("deep", "99999999999999999999", exists=True), ""),
    (inside("deep", "list", "1", contains="caf\u00e9"), "0"),
    (inside("deep", "list", **equal('[1.0,"CAF\u00c9",null]')), "0"),
    (inside("deep", **equal('{"list":[1,"CAF\u00c9",null],"0":"key"}')), "0"),
    (inside("deep", **equal('{"0":"key"}')), ""),
    (inside("none", exists=True), ""),
    (inside("none", exists=False), "0123"),
    (inside("n", exists=True), "012"),
    (inside("'; DROP TABLE traces; --", exists=False), "0123"),
    (inside("}", "{", '"', exists=True), ""),
]


async def test_a_filter_selects(database: Database) -> None:
    """Each comparison selects just these traces, in the database and in memory."""
    project_id = new_id()
    await store_traces(database, project_id, STORED)
    rows = await database.fetch(TRACES.format(condition="TRUE"), project_id)

    for each, expected in SETS:
        assert places(await selected(database, TRACES, project_id, traces_where(each, offset=2))) == expected, each
        assert places([row["id"] for row in rows if traces_predicate(each).decide(row)]) == expected, each


@MANY
@given(rows=st.lists(step_rows, max_size=5), filter=step_filters)
async def test_any_step_finds_the_traces_of_steps(database: Database, rows: list[StepRow], filter: StepFilter) -> None:
    """A trace is found by its steps exactly when the filter finds one of them, and the steps by their trace."""
    project_id = new_id()
    await store_traces(database, project_id, STORED)
    await store_steps(database, project_id, IDS[1], rows)
    await store_steps(database, new_id(), IDS[2], rows)
    steps = await selected(database, STEPS, project_id, steps_where(filter, offset=2))
    by_step = traces_where(TraceFilter(any_step=filter), offset=2)
    of_trace = [steps_where(filter, name(eq=stored.name), offset=2) for stored in STORED]

    assert places(await selected(database, TRACES, project_id, by_step)) == ("1" if steps else "")
    assert [await selected(database, STEPS, project_id, each) for each in of_trace] == [[], steps, [], []]


@MANY
@given(traces=st.lists(trace_rows, max_size=3), steps=st.lists(step_rows, max_size=3), word=needles, second=needles)
async def test_search_finds_words(
    database: Database, traces: list[TraceRow], steps: list[StepRow], word: str, second: str
) -> None:
    """A search finds what has each word in a text of its own, or for a trace in a text of one of its steps."""
    project_id, search = new_id(), f" {word}\t{second} "
    await store_traces(database, project_id, traces)
    for identity, _ in zip(IDS, traces, strict=False):
        await store_steps(database, project_id, identity, steps)
    found = await selected(database, TRACES, project_id, traces_where(TraceFilter(search=search), offset=2))
    these = await selected(database, STEPS, project_id, steps_where(StepFilter(search=search), offset=2))

    of_steps = [any(has(step, each) for step in steps) for each in search.split()]
    assert found == [
        identity
        for identity, row in zip(IDS, traces, strict=False)
        if all(has(row, each) or there for each, there in zip(search.split(), of_steps, strict=True))
    ]
    assert set(these) == {
        identity
        for identity, row in zip(IDS, steps, strict=False)
        if traces and all(has(row, each) for each in search.split())
    }


async def test_a_quoted_word_is_found_inside_of_json(database: Database) -> None:
    """Inside of JSON a quote has a backslash before it, and a search finds it nevertheless."""
    project_id = new_id()
    await store_traces(database, project_id, [a_trace(input='"she said \\"hi\\" \\\\o/"'), a_trace(name='"hi"')])
    for search, expected in {'"hi"': "01", 'said "HI"': "0", "\\o/": "0", '\\"hi': ""}.items():
        condition = traces_where(TraceFilter(search=search), offset=2)

        assert places(await selected(database, TRACES, project_id, condition)) == expected, search


@pytest.mark.parametrize(
    "filter",
    [
        name(eq="zqx'"),
        name(in_=["zqx'"]),
        name(contains="zqx'%"),
        name(starts_with="zqx'"),
        model(contains="zqx'"),
        tags(has_all=["zqx'"]),
        inside("zqx'", "b", exists=True),
        inside("zqx'", **equal('"zqx\'"')),
        inside("a", contains="zqx'"),
        TraceFilter(id=IDFilter(eq=Id("zqx'"))),
        TraceFilter(search="zqx'"),
        TraceFilter(any_step=StepFilter(search="zqx'", attributes=[JSONFilter(path=["zqx'"], exists=True)])),
    ],
)
def test_no_text_of_a_filter_is_in_the_statement(filter: TraceFilter) -> None:
    """What somebody wrote is bound as a value, keys of a path included; the statement is made of our own words."""
    assert "zqx" not in traces_where(filter, offset=2).sql


@pytest.mark.parametrize("key", ["\0", "\ud800", "x" * 1_001])
def test_a_hostile_path_is_refused(key: str) -> None:
    """A key that PostgreSQL can't take is refused here, and the refusal says which one it is."""
    with pytest.raises(Invalid) as refusal:
        traces_where(inside("a", key, exists=True), offset=2)

    assert refusal.value.path == ("filter", "metadata", "0", "path", "1")


def test_conditions_are_told_apart() -> None:
    """Equal filters have the same digest; another value, operator or field makes another one."""
    filters = [name(eq="a"), name(eq="b"), name(ne="a"), session(eq="a"), TraceFilter(), TraceFilter(or_=[])]

    assert len({traces_where(each, offset=2).digest for each in filters}) == len(filters)
    assert traces_where(name(eq="a"), offset=2).digest == traces_where(name(eq="a", ne=None), offset=2).digest


def test_a_filter_that_says_nothing_is_known() -> None:
    """Whoever must not act on everything can tell that a filter leaves nothing out."""
    assert traces_where(TraceFilter(and_=[TraceFilter(search=" ")], name=StringFilter()), offset=2).is_everything
    assert not traces_where(name(contains=""), offset=2).is_everything


async def selected(database: Database, sql: str, project_id: str, condition: Condition) -> list[str]:
    rows = await database.fetch(sql.format(condition=condition.sql), project_id, *condition.values)
    return [row["id"] for row in rows]


def places(identities: list[str]) -> str:
    return "".join(str(IDS.index(identity)) for identity in identities)


def has(row: TraceRow | StepRow, word: str) -> bool:
    """Whether one of the texts of a row has this word."""
    quoted = word.replace("\\", "\\\\").replace('"', '\\"')
    plain = [row.name, row.error_message or ""]
    return any(folded(word) in folded(text) for text in plain) or any(
        folded(quoted) in folded(text) for text in (row.input or "", row.output or "")
    )
