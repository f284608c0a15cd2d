"""What filters may not say, each refusal with the way to the part at fault."""

from datetime import UTC, datetime
from typing import Any

import pytest

from models.comparisons import (
    DateTimeFilter,
    DecimalFilter,
    FloatFilter,
    IDFilter,
    IntFilter,
    JSONFilter,
    StringFilter,
    TagsFilter,
)
from models.errors import Invalid
from models.filter_reading import DEEPEST, MOST_CONDITIONS, MOST_WORDS, read_steps, read_traces
from models.filter_terms import EVERYTHING
from models.filters import StepFilter, TraceFilter
from models.values import BigInt, Id, Json, Money


def nested(depth: int) -> TraceFilter:
    filter = TraceFilter()
    for _ in range(depth - 1):
        filter = TraceFilter(not_=filter)
    return filter


def inside(*path: str, **given: Any) -> TraceFilter:
    return TraceFilter(metadata=[JSONFilter(path=["fine"], exists=True), JSONFilter(path=path, **given)])


@pytest.mark.parametrize(
    ("filter", "path"),
    [
        (nested(DEEPEST + 1), "not." * (DEEPEST - 1) + "not"),
        (TraceFilter(and_=[TraceFilter(), TraceFilter(project=IDFilter(eq=Id("x")))]), "and.1.project"),
        (TraceFilter(name=StringFilter(contains="\0")), "name.contains"),
        (TraceFilter(name=StringFilter(in_=["a", "\udfff"])), "name.in.1"),
        (TraceFilter(name=StringFilter(starts_with="x" * 1_001)), "name.startsWith"),
        (TraceFilter(name=StringFilter(in_=["a"] * 1_001)), "name.in"),
        (TraceFilter(model=StringFilter(in_=["a"] * 1_001)), "model.in"),
        (TraceFilter(model=StringFilter(eq="\0")), "model.eq"),
        (TraceFilter(tags=TagsFilter(has_any=["a", "\0"])), "tags.hasAny.1"),
        (TraceFilter(cost=DecimalFilter(gt=Money("1e100000"))), "cost.gt"),
        (TraceFilter(cost=DecimalFilter(gt=Money("NaN"))), "cost.gt"),
        (TraceFilter(cost=DecimalFilter(lte=Money("much"))), "cost.lte"),
        (TraceFilter(step_count=IntFilter(eq=BigInt(2**63))), "stepCount.eq"),
        (TraceFilter(duration_ms=FloatFilter(lt=float("inf"))), "durationMs.lt"),
        (TraceFilter(start_time=DateTimeFilter(gte=datetime(2026, 1, 1))), "startTime.gte"),  # noqa: DTZ001  at fault
        (TraceFilter(search="x" * 201), "search"),
        (TraceFilter(search="a\0"), "search"),
        (TraceFilter(search=" ".join(map(str, range(MOST_WORDS + 1)))), "search"),
        (TraceFilter(any_step=StepFilter(name=StringFilter(eq="\0"))), "anyStep.name.eq"),
        (TraceFilter(metadata=[JSONFilter(path=["a"], exists=True)] * (MOST_CONDITIONS + 1)), "metadata"),
        (inside(exists=True), "metadata.1.path"),
        (inside(*["a"] * 21, exists=True), "metadata.1.path"),
        (inside("a"), "metadata.1"),
        (inside("a", exists=True, contains="b"), "metadata.1"),
        (inside("a", eq=Json("{")), "metadata.1.eq"),
        (inside("a", eq=Json("[" * 5_000)), "metadata.1.eq"),
        (inside("a", eq=Json('"' + "x" * 10_000 + '"')), "metadata.1.eq"),
        (inside("a", eq=Json('{"b": ["\\u0000"]}')), "metadata.1.eq"),
        (inside("a", eq=Json('{"\\ud800": 1}')), "metadata.1.eq"),
        (inside("a", eq=Json("1e2000")), "metadata.1.eq"),
        (inside("a", eq=Json("NaN")), "metadata.1.eq"),
        (inside("a", gt=float("nan")), "metadata.1.gt"),
        (inside("a", contains="\0"), "metadata.1.contains"),
    ],
)
def test_what_is_wrong_is_named(filter: TraceFilter, path: str) -> None:
    """The path of the refusal is that of the part at fault, by its names in the API."""
    with pytest.raises(Invalid) as refusal:
        read_traces(filter)

    assert ".".join(refusal.value.path) == f"filter.{path}"


def test_conditions_are_counted_wherever_they_are() -> None:
    """The limit holds for the whole filter: alternatives, steps, words and both filters of a list of steps together."""
    eight = TraceFilter(name=StringFilter(eq="a", contains="b"), search="c d", any_step=StepFilter(search="e f g"))
    four = TraceFilter(tags=TagsFilter(has_all=["a"], has_any=["b"]), name=StringFilter(eq="a", ne="b"))
    hundred = TraceFilter(and_=[*[eight] * 10, TraceFilter(or_=[eight]), TraceFilter(not_=eight), four])
    one = StepFilter(name=StringFilter(eq="a"))

    read_traces(hundred)
    with pytest.raises(Invalid, match=f"{MOST_CONDITIONS} conditions"):
        read_steps(one, hundred)


def test_the_trace_of_a_step_has_an_argument_of_its_own() -> None:
    """What is wrong with the traces of a list of steps is told below `traces`."""
    with pytest.raises(Invalid) as refusal:
        read_steps(None, TraceFilter(name=StringFilter(eq="\0")))

    assert refusal.value.path == ("traces", "name", "eq")


@pytest.mark.parametrize(
    "filter",
    [
        None,
        TraceFilter(),
        TraceFilter(name=StringFilter(), tags=TagsFilter(), metadata=[], search="  "),
        TraceFilter(and_=[TraceFilter(), TraceFilter(and_=[])]),
    ],
)
def test_what_says_nothing_names_everything(filter: TraceFilter | None) -> None:
    """A filter without a condition is the whole set."""
    assert read_traces(filter) == EVERYTHING
    assert read_steps(StepFilter(), filter) == EVERYTHING


def test_values_are_read_as_they_are_meant() -> None:
    """The deepest nesting is let in, and so are times with any offset and numbers in any notation."""
    read_traces(nested(DEEPEST))
    read_traces(TraceFilter(start_time=DateTimeFilter(gte=datetime(1, 1, 1, tzinfo=UTC))))
    read_traces(TraceFilter(cost=DecimalFilter(gt=Money("1E-1000"), lt=Money("0.00"))))
