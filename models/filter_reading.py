"""Reading filters: checked against the limits and made into terms, part by part."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from models.errors import Invalid
from models.filter_terms import EVERYTHING, All, AnyOf, Column, ItsTrace, Not, SomeStep, Term, Words
from models.filter_values import Path, bounded, comparison, given, listed, text, within
from models.filters import StepFilter, TraceFilter

MOST_CONDITIONS = 100
DEEPEST = 10
LONGEST_SEARCH = 200
MOST_WORDS = 10

TEXTS = ("name", "provider", "model", "error_type", "session_id", "user_id", "environment", "release", "service_name")
COLUMNS: Mapping[str, Column] = {
    **{name: Column(name, "text") for name in (*TEXTS, "status", "kind")},
    **{name: Column(name, "uuid") for name in ("id", "parent_id")},
    **{name: Column(name, "timestamptz") for name in ("start_time", "end_time")},
    **{name: Column(name, "float8") for name in ("duration_ms", "time_to_first_token_ms")},
    **{name: Column(name, "int8") for name in ("step_count", "error_count", "total_tokens")},
    # The API shows 0 where a sender said nothing, and so do filters.
    **{name: Column(name, "int8", absent=0) for name in ("input_tokens", "output_tokens")},
    "cost": Column("cost", "numeric"),
}
LISTS: Mapping[tuple[type, str], str] = {(TraceFilter, "tags"): "tags", (TraceFilter, "model"): "models"}

AnyFilter: TypeAlias = TraceFilter | StepFilter


def read_traces(traces: TraceFilter | None, path: Path = ("filter",)) -> Term:
    """The term of a set of traces within one project. Raises Invalid, with the way to the part at fault.

    `project` says where to look and is nothing that a row is asked: callers take it out beforehand.
    """
    return EVERYTHING if traces is None else _Reading().filter(traces, path, 1)


def read_steps(steps: StepFilter | None, traces: TraceFilter | None = None, path: Path = ("filter",)) -> Term:
    """The term of a set of steps, narrowed to those of certain traces. Raises Invalid as `read_traces` does."""
    reading = _Reading()
    own = EVERYTHING if steps is None else reading.filter(steps, path, 1)
    theirs = EVERYTHING if traces is None else reading.filter(traces, ("traces",), 1)
    return own if theirs == EVERYTHING else _all([own, ItsTrace(theirs)])


@dataclass
class _Reading:
    """How much of a filter was read so far."""

    conditions: int = 0

    def filter(self, part: AnyFilter, path: Path, depth: int) -> Term:
        """The term of a filter at this place."""
        if depth > DEEPEST:
            raise Invalid(f"Filters are nested at most {DEEPEST} deep.", path=path)
        terms: list[Term] = []
        for name, value, here in given(part, path):
            terms += self._field(type(part), name, value, here, depth)
        return _all(terms)

    def _field(self, kind: type, name: str, value: Any, path: Path, depth: int) -> Iterator[Term]:
        match name:
            case "and_" | "or_":
                parts = self._filters(value, path, depth)
                yield _all(parts) if name == "and_" else AnyOf(tuple(parts))
            case "not_":
                yield Not(self.filter(value, path, depth + 1))
            case "any_step":
                self._count(path)
                yield SomeStep(self.filter(value, path, depth + 1))
            case "search":
                yield self._search(value, path)
            case "metadata" | "attributes":
                yield from self._inside(name, value, path)
            case "project":
                raise Invalid("The project is chosen at the top of a filter, not inside of it.", path=path)
            case _:
                yield from self._comparisons(kind, name, value, path)

    def _filters(self, parts: Sequence[AnyFilter], path: Path, depth: int) -> list[Term]:
        return [
            self.filter(part, (*path, str(number)), depth + 1) for number, part in enumerate(self._few(parts, path))
        ]

    def _inside(self, column: str, parts: Sequence[Any], path: Path) -> Iterator[Term]:
        for number, part in enumerate(self._few(parts, path)):
            here = (*path, str(number))
            self._count(here)
            yield within(column, part, here)

    def _comparisons(self, kind: type, name: str, part: Any, path: Path) -> Iterator[Term]:
        for operator, value, here in given(part, path):
            self._count(here)
            if (kind, name) in LISTS:
                yield listed(LISTS[kind, name], operator, value, here)
            else:
                yield comparison(COLUMNS[name], operator, value, here)

    def _search(self, value: str, path: Path) -> Term:
        words = tuple(dict.fromkeys(text(value, path, LONGEST_SEARCH).split()))
        for _ in words:
            self._count(path)
        bounded(words, path, MOST_WORDS)
        return Words(words) if words else EVERYTHING

    def _few(self, parts: Sequence[Any], path: Path) -> Sequence[Any]:
        return bounded(parts, path, MOST_CONDITIONS)

    def _count(self, path: Path) -> None:
        self.conditions += 1
        if self.conditions > MOST_CONDITIONS:
            raise Invalid(f"A filter has at most {MOST_CONDITIONS} conditions.", path=path)


def _all(terms: Sequence[Term]) -> Term:
    """All of these at once, without the parts that hold anyway."""
    telling = tuple(term for term in terms if term != EVERYTHING)
    return telling[0] if len(telling) == 1 else All(telling)
