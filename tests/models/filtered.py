"""Generated traces, steps and filters over a small vocabulary, so that filters and rows often meet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import orjson
from hypothesis import strategies as st

from models.comparisons import (
    DateTimeFilter,
    DecimalFilter,
    FloatFilter,
    IDFilter,
    IntFilter,
    JSONFilter,
    StepKindFilter,
    StepStatusFilter,
    StringFilter,
    TagsFilter,
    TraceStatusFilter,
)
from models.database import Database
from models.enums import StepKind, StepStatus, TraceStatus
from models.filters import StepFilter, TraceFilter
from models.ids import new_id

T = TypeVar("T")

START = datetime(2026, 11, 2, tzinfo=UTC)
IDS = [new_id(1_790_000_000_000 + number) for number in range(12)]
PARENTS = IDS[:3]

TRACE = """
INSERT INTO traces (
    project_id, id, name, status, start_time, end_time, session_id, user_id, environment, tags, metadata, input, output,
    error_type, error_message, step_count, input_tokens, cost, models, created_at, updated_at
) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $5, $5)
"""
STEP = """
INSERT INTO trace_steps (
    project_id, trace_id, id, parent_id, name, kind, status, start_time, end_time, time_to_first_token_ms, provider,
    stated_model, input_tokens, output_tokens, cost, input, output, attributes, error_type, error_message,
    created_at, updated_at
) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $8, $8)
"""


@dataclass(frozen=True, kw_only=True)
class TraceRow:
    """A trace as it is stored; the order of the fields is that of the statement."""

    name: str
    status: str
    start_time: datetime
    end_time: datetime | None
    session_id: str | None
    user_id: str | None
    environment: str | None
    tags: list[str]
    metadata: str
    input: str | None
    output: str | None
    error_type: str | None
    error_message: str | None
    step_count: int
    input_tokens: int
    cost: str | None
    models: list[str]


@dataclass(frozen=True, kw_only=True)
class StepRow:
    """A step as it is stored."""

    parent_id: str | None
    name: str
    kind: str
    status: str
    start_time: datetime
    end_time: datetime | None
    time_to_first_token_ms: float | None
    provider: str | None
    stated_model: str | None
    input_tokens: int | None
    output_tokens: int | None
    cost: str | None
    input: str | None
    output: str | None
    attributes: str
    error_type: str | None
    error_message: str | None


# Python and PostgreSQL know different versions of Unicode: what is not assigned in the older one is left out.
characters = st.one_of(
    st.sampled_from(["a", "A", "b", "%", "_", "\\", '"', "'", *"éÉΣςİIßẞ "]),
    st.characters(exclude_categories=["Cs", "Cn", "Co"], exclude_characters="\0"),
)
KNOWN = (
    "checkout",
    "Checkout",
    "CH\u00c9CK",
    "ch\u00e9ck",
    "a%b",
    "a_b",
    "axb",
    "a\\b",
    'say "hi"',
    "\u03a3\u0391\u03a3",
    "",
)
known = st.sampled_from(KNOWN)
words = st.one_of(known, known, known, st.text(characters, max_size=4))
needles = st.one_of(words, st.sampled_from(["check", "OUT", "\u00c9", "%", "_", "\\", "a%", "\u03c3", "Y"]))
maybe_words = st.none() | words
moments = st.integers(0, 3).map(lambda number: START + timedelta(microseconds=number))
amounts = st.sampled_from(["0", "0.1", "0.10", "1e-3", "12345678901234567890.000000001"])
counts = st.sampled_from([0, 1, 2, 2**62])
millis = st.sampled_from([0.0, 0.001, 0.002, 1 / 3])

SCALARS = (None, True, False, 0, 1, 1.0, 100, 1e2, 0.1, 0.3, 0.30000000000000004, -0.0, 1e300, "checkout", "1", "")
keys = st.sampled_from(["a", "b", "0", "-1", "+1", " 1", "é", ""])
values = st.recursive(
    st.sampled_from(SCALARS),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=6,
)
texts = values.map(lambda value: orjson.dumps(value).decode())
objects = st.dictionaries(keys, values, max_size=3).map(lambda value: orjson.dumps(value).decode())

trace_rows = st.builds(
    TraceRow,
    name=words,
    status=st.sampled_from(list(TraceStatus)),
    start_time=moments,
    end_time=st.none() | moments,
    session_id=maybe_words,
    user_id=maybe_words,
    environment=maybe_words,
    tags=st.lists(words, max_size=3),
    metadata=objects,
    input=st.none() | texts,
    output=st.none() | texts,
    error_type=maybe_words,
    error_message=maybe_words,
    step_count=st.integers(0, 2),
    input_tokens=counts,
    cost=st.none() | amounts,
    models=st.lists(words, max_size=3),
)
step_rows = st.builds(
    StepRow,
    parent_id=st.none() | st.sampled_from(PARENTS),
    name=words,
    kind=st.sampled_from(list(StepKind)),
    status=st.sampled_from(list(StepStatus)),
    start_time=moments,
    end_time=st.none() | moments,
    time_to_first_token_ms=st.none() | millis,
    provider=maybe_words,
    stated_model=maybe_words,
    input_tokens=st.none() | counts,
    output_tokens=st.none() | st.just(1),
    cost=st.none() | amounts,
    input=st.none() | texts,
    output=st.none() | texts,
    attributes=objects,
    error_type=maybe_words,
    error_message=maybe_words,
)


def sparse(kind: type[T], /, **parts: st.SearchStrategy[Any]) -> st.SearchStrategy[T]:
    """Values of a dataclass with one of these fields, or a few of them, or none."""
    one = st.sampled_from(sorted(parts)).map(lambda name: [name])
    chosen = one | st.lists(st.sampled_from(sorted(parts)), max_size=3, unique=True)
    return chosen.flatmap(lambda names: st.builds(kind, **{name: parts[name] for name in names}))


def few(strategy: st.SearchStrategy[T]) -> st.SearchStrategy[list[T]]:
    return st.lists(strategy, max_size=3)


flags = st.booleans()
identities = st.sampled_from([*IDS[:4], IDS[0].upper(), f"{{{IDS[1]}}}", new_id(), "no id"])
ids = sparse(IDFilter, eq=identities, in_=few(identities), is_null=flags)
strings = sparse(StringFilter, eq=words, ne=words, in_=few(words), contains=needles, starts_with=needles, is_null=flags)
integers = sparse(IntFilter, eq=counts, gt=counts, gte=counts, lt=counts, lte=counts)
numbers = sparse(FloatFilter, gt=millis, gte=millis, lt=millis, lte=millis, is_null=flags)
decimals = sparse(DecimalFilter, gt=amounts, gte=amounts, lt=amounts, lte=amounts, is_null=flags)
times = sparse(DateTimeFilter, gt=moments, gte=moments, lt=moments, lte=moments, is_null=flags)
tags = sparse(TagsFilter, has_all=few(words), has_any=few(words), has_none=few(words))
bounds = st.sampled_from([0.0, 0.1, 1.0, 100.0, 0.3, 1e300])
paths = st.one_of(keys.map(lambda key: [key]), st.lists(keys, min_size=1, max_size=3))
within = st.one_of(
    *(
        st.builds(JSONFilter, path=paths, **{name: strategy})
        for name, strategy in {
            "eq": values.filter(lambda value: value is not None).map(lambda value: orjson.dumps(value).decode()),
            **dict.fromkeys(("gt", "gte", "lt", "lte"), bounds),
            "contains": needles,
            "exists": flags,
        }.items()
    )
)


def enums(kind: type[T], members: Sequence[Any]) -> st.SearchStrategy[T]:
    member = st.sampled_from(members)
    return sparse(kind, eq=member, in_=few(member), ne=member)


def nested(kind: type[T], leaves: st.SearchStrategy[T]) -> st.SearchStrategy[T]:
    """Filters of these, joined and negated, two or three levels deep."""
    return st.recursive(leaves, lambda inner: sparse(kind, and_=few(inner), or_=few(inner), not_=inner), max_leaves=4)


trace_conditions: dict[str, st.SearchStrategy[Any]] = {
    "id": ids,
    "status": enums(TraceStatusFilter, list(TraceStatus)),
    **dict.fromkeys(("start_time", "end_time"), times),
    **dict.fromkeys(("name", "session_id", "user_id", "environment", "error_type", "model"), strings),
    **dict.fromkeys(("release", "service_name"), strings),
    **dict.fromkeys(("step_count", "error_count", "total_tokens"), integers),
    "duration_ms": numbers,
    "tags": tags,
    "metadata": few(within),
    "cost": decimals,
}
step_conditions: dict[str, st.SearchStrategy[Any]] = {
    **dict.fromkeys(("id", "parent_id"), ids),
    "kind": enums(StepKindFilter, list(StepKind)),
    "status": enums(StepStatusFilter, list(StepStatus)),
    "start_time": times,
    **dict.fromkeys(("name", "provider", "model", "error_type"), strings),
    **dict.fromkeys(("duration_ms", "time_to_first_token_ms"), numbers),
    **dict.fromkeys(("input_tokens", "output_tokens", "total_tokens"), integers),
    "attributes": few(within),
    "cost": decimals,
}
trace_filters = nested(TraceFilter, sparse(TraceFilter, **trace_conditions))
step_filters = nested(StepFilter, sparse(StepFilter, **step_conditions))

COVERED = {
    TraceFilter: {*trace_conditions, "and_", "or_", "not_"},
    StepFilter: {*step_conditions, "and_", "or_", "not_"},
}
"""What the strategies above say something about."""


async def store_traces(database: Database, project_id: str, rows: Sequence[TraceRow]) -> None:
    """Store the traces, with the first of `IDS`."""
    for identity, row in zip(IDS, rows, strict=False):
        await database.execute(TRACE, project_id, identity, *(getattr(row, each.name) for each in fields(row)))


async def store_steps(database: Database, project_id: str, trace_id: str, rows: Sequence[StepRow]) -> None:
    """Store the steps of one trace, with the first of `IDS`."""
    for identity, row in zip(IDS, rows, strict=False):
        await database.execute(STEP, project_id, trace_id, identity, *(getattr(row, each.name) for each in fields(row)))
