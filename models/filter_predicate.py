"""Filters as predicates over rows in memory, which select what their SQL selects, as far as a row alone can tell."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeAlias

from models.filter_reading import read_steps, read_traces
from models.filter_terms import (
    All,
    Among,
    AnyOf,
    Compare,
    Element,
    ItsTrace,
    Not,
    SomeStep,
    Term,
    Within,
    Words,
    columns_of,
)
from models.filters import StepFilter, TraceFilter
from models.json_values import at, parsed, same
from models.rows import Row

Decision: TypeAlias = bool | None
Test: TypeAlias = Callable[[Row], Decision]

COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "eq": operator.eq,
    "in_": lambda value, values: value in values,
    "gt": operator.gt,
    "gte": operator.ge,
    "lt": operator.lt,
    "lte": operator.le,
    "starts_with": str.startswith,
    "contains": lambda text, part: folded(part) in folded(text),
}
AMONG: Mapping[str, Callable[[frozenset[str], frozenset[str]], bool]] = {
    "all": frozenset.issuperset,
    "any": lambda held, wanted: not held.isdisjoint(wanted),
    "none": frozenset.isdisjoint,
    "is_null": lambda held, _: not held,
}
# What PostgreSQL's folding leaves to the character alone, and Python's looks at its neighbours for.
ALONE = str.maketrans({"\N{GREEK CAPITAL LETTER SIGMA}": "\N{GREEK SMALL LETTER SIGMA}", "\u0130": "i"})


@dataclass(frozen=True, kw_only=True)
class Predicate:
    """Whether a row is in the set: `decide` says True, False, or None where the row alone can't tell.

    `columns` are those that it reads.
    """

    decide: Test
    columns: frozenset[str]


def traces_predicate(filter: TraceFilter | None) -> Predicate:
    """The predicate over rows of traces. Raises Invalid."""
    return predicate(read_traces(filter))


def steps_predicate(filter: StepFilter | None) -> Predicate:
    """The predicate over rows of steps. Raises Invalid."""
    return predicate(read_steps(filter))


def predicate(term: Term) -> Predicate:
    """The predicate for a term."""
    return Predicate(decide=_test(term), columns=columns_of(term))


def folded(text: str) -> str:
    """The text in lower case, character by character."""
    return text.translate(ALONE).lower()


def _test(term: Term) -> Test:
    match term:
        case All(parts=parts):
            return _settled([_test(part) for part in parts], by=False)
        case AnyOf(parts=parts):
            return _settled([_test(part) for part in parts], by=True)
        case Not(part=part):
            return _opposite(_test(part))
        case Words() | SomeStep() | ItsTrace():
            return lambda _: None
        case Compare():
            return _compare(term)
        case Among(column=name, operator=how, values=values):
            holds, wanted = AMONG[how], frozenset(values)
            return lambda row: holds(frozenset(row[name]), wanted)
        case Element(column=name, operator=how, value=value):
            compares = COMPARISONS[how]
            return lambda row: any(compares(element, value) for element in row[name])
        case Within():
            return _within(term)


def _settled(tests: Iterable[Test], *, by: bool) -> Test:
    """Some test that answers so settles it; else it is open while one of them is."""
    kept = tuple(tests)

    def decide(row: Row) -> Decision:
        decision: Decision = not by
        for test in kept:
            answer = test(row)
            if answer is by:
                return by
            if answer is None:
                decision = None
        return decision

    return decide


def _opposite(test: Test) -> Test:
    def decide(row: Row) -> Decision:
        answer = test(row)
        return None if answer is None else not answer

    return decide


def _compare(term: Compare) -> Test:
    name, absent, number = term.column.name, term.column.absent, term.column.type == "numeric"
    match term.operator:
        case "is_null":
            return lambda row: (row[name] is None) is term.value
        case "ne":
            return lambda row: row[name] != term.value
    compares = COMPARISONS[term.operator]
    wanted = Decimal(term.value) if number else term.value

    def decide(row: Row) -> Decision:
        value = row[name]
        if value is None:
            value = absent
        if value is None:
            return False
        return compares(Decimal(value) if number else value, wanted)

    return decide


def _within(term: Within) -> Test:
    name, path = term.column, term.path
    accepts = _acceptance(term)
    return lambda row: accepts(at(parsed(row[name]), path))


def _acceptance(term: Within) -> Callable[[Any], bool]:
    match term.operator:
        case "exists":
            return lambda value: (value is not None) is term.value
        case "eq":
            wanted = parsed(term.value)
            return lambda value: value is not None and same(value, wanted)
        case "contains":
            return lambda value: isinstance(value, str) and folded(term.value) in folded(value)
        case how:
            compares, bound = COMPARISONS[how], Decimal(term.value)
            return lambda value: isinstance(value, Decimal) and compares(value, bound)
