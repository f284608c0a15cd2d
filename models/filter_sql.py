"""Filters as SQL: the text of a condition, which no value is part of, and the values that are bound to it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from typing import Any

import orjson

from models.filter_reading import read_steps, read_traces
from models.filter_terms import (
    EVERYTHING,
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
    searches,
)
from models.filters import StepFilter, TraceFilter
from models.ids import GREATEST_ID, LEAST_ID
from models.json_values import is_index, parsed

TRACES, STEPS = "traces", "trace_steps"

# {c} is the column, {v} a bound value. Upper and lower case are as Unicode has them, one character for one, whatever
# the locale of the database.
CONTAINS = "{c} ILIKE {v} COLLATE pg_c_utf8"
OPERATORS: Mapping[str, str] = {
    "eq": "{c} = {v}",
    "ne": "{c} IS DISTINCT FROM {v}",
    "in_": "{c} = ANY ({v})",
    "gt": "{c} > {v}",
    "gte": "{c} >= {v}",
    "lt": "{c} < {v}",
    "lte": "{c} <= {v}",
    "starts_with": "{c} ^@ {v}",
    "contains": CONTAINS,
}
AMONG: Mapping[str, str] = {"all": "{c} @> {v}", "any": "{c} && {v}", "none": "NOT {c} && {v}"}
ELEMENT = "EXISTS (SELECT FROM unnest({c}) AS element WHERE {test})"
# A trace knows between which ids its steps lie, and so in which weeks (docs/adr/0030-ids-of-steps.md).
SOME_STEP = f"""EXISTS (
    SELECT FROM trace_steps WHERE trace_steps.project_id = $1 AND trace_steps.trace_id = traces.id
    AND trace_steps.id >= coalesce(traces.first_step_id, '{LEAST_ID}')
    AND trace_steps.id <= coalesce(traces.last_step_id, '{GREATEST_ID}') AND {{test}}
)"""
ITS_TRACE = """EXISTS (
    SELECT FROM traces WHERE traces.project_id = $1 AND traces.id = trace_steps.trace_id AND {test}
)"""


@dataclass(frozen=True, kw_only=True)
class Condition:
    """What goes into a WHERE clause: `sql`, with placeholders for `values`. The first placeholder is `$offset`.

    Where texts are searched for words, `slow` is that part of it and `swift` the rest.
    """

    sql: str
    values: tuple[Any, ...]
    offset: int
    swift: str = "TRUE"
    slow: str | None = None

    @property
    def following(self) -> int:
        """The number of the next placeholder."""
        return self.offset + len(self.values)

    @property
    def is_everything(self) -> bool:
        """Whether it leaves nothing out."""
        return self.sql == "TRUE"

    @cached_property
    def digest(self) -> str:
        """What tells this condition from others."""
        return hashlib.blake2b(f"{self.sql}\0{self.values!r}".encode(), digest_size=12).hexdigest()


ANYTHING = Condition(sql="TRUE", values=(), offset=0)


def traces_where(filter: TraceFilter | None, *, offset: int) -> Condition:
    """The condition for rows of `traces`; `$1` is the project. Raises Invalid."""
    return condition(read_traces(filter), TRACES, offset=offset)


def steps_where(filter: StepFilter | None, traces: TraceFilter | None = None, *, offset: int) -> Condition:
    """The condition for rows of `trace_steps`, narrowed to the steps of certain traces; as above. Raises Invalid."""
    return condition(read_steps(filter, traces), STEPS, offset=offset)


def condition(term: Term, table: str, *, offset: int) -> Condition:
    """The condition that rows of a table satisfy a term."""
    if term is EVERYTHING:
        return _no_condition(offset)
    writer = _Writer(offset=offset)
    parts = term.parts if isinstance(term, All) else (term,)
    swift = writer.term(All(tuple(part for part in parts if not searches(part))), table)
    searching = tuple(part for part in parts if searches(part))
    slow = writer.term(All(searching), table) if searching else None
    if slow is None:
        return Condition(sql=swift, values=tuple(writer.values), offset=offset)
    return Condition(sql=f"({swift} AND {slow})", values=tuple(writer.values), offset=offset, swift=swift, slow=slow)


@cache
def _no_condition(offset: int) -> Condition:
    return replace(ANYTHING, offset=offset)


@dataclass
class _Writer:
    """Writes terms and binds their values, one after the other."""

    offset: int
    values: list[Any] = field(default_factory=list)

    def term(self, term: Term, table: str) -> str:
        match term:
            case All(parts=parts):
                return _joined(" AND ", [self.term(part, table) for part in parts]) or "TRUE"
            case AnyOf(parts=parts):
                return _joined(" OR ", [self.term(part, table) for part in parts]) or "FALSE"
            case Not(part=part):
                # A comparison with null is null, which is no match: its opposite is one.
                return f"({self.term(part, table)}) IS NOT TRUE"
            case SomeStep(part=part):
                return SOME_STEP.format(test=self.term(part, STEPS))
            case ItsTrace(part=part):
                return ITS_TRACE.format(test=self.term(part, TRACES))
            case Words(words=words):
                return _joined(" AND ", [self._word(word, table) for word in words])
            case _:
                return self._test(term, f"{table}.{_column_of(term)}")

    def _test(self, term: Compare | Among | Element | Within, column: str) -> str:
        match term:
            case Compare(operator="is_null", value=value):
                return f"{column} IS NULL" if value else f"{column} IS NOT NULL"
            case Compare():
                return self._compare(term, column)
            case Among(operator="is_null"):
                return f"cardinality({column}) = 0"
            case Among(operator=operator, values=values):
                return AMONG[operator].format(c=column, v=self._bind(list(values), "text[]"))
            case Element(operator=operator, value=value):
                test = OPERATORS[operator].format(c="element", v=self._text(operator, value))
                return ELEMENT.format(c=column, test=test)
            case Within():
                return self._within(term, column)

    def _compare(self, term: Compare, column: str) -> str:
        kind, value = term.column.type, term.value
        if term.column.absent is not None:
            column = f"coalesce({column}, {term.column.absent:d})"
        if term.operator == "in_":
            bound = self._bind(list(value), f"{kind}[]")
        else:
            bound = self._text(term.operator, value) if kind == "text" else self._bind(value, kind)
        return OPERATORS[term.operator].format(c=column, v=bound)

    def _within(self, term: Within, column: str) -> str:
        if term.operator == "eq":
            return self._equal(term, column)
        path = self._bind(list(term.path), "text[]")
        place = f"({column} #> {path})"
        match term.operator:
            case "exists":
                return f"{column} #>> {path} IS NOT NULL" if term.value else f"{column} #>> {path} IS NULL"
            case "contains":
                contains = CONTAINS.format(c=f"({column} #>> {path})", v=self._text("contains", term.value))
                return f"(jsonb_typeof{place} = 'string' AND {contains})"
            case operator:
                test = OPERATORS[operator].format(c=f"{place}::numeric", v=self._bind(term.value, "numeric"))
                return f"CASE jsonb_typeof{place} WHEN 'number' THEN {test} END"

    def _equal(self, term: Within, column: str) -> str:
        """A scalar is contained where it is equal; to say both makes the planner think that hardly any row passes."""
        can_be_found = not any(map(is_index, term.path))
        if can_be_found and not isinstance(parsed(term.value), dict | list):
            return self._contained(term, column)
        equal = f"({column} #> {self._bind(list(term.path), 'text[]')}) = {self._bind(term.value, 'jsonb')}"
        return f"({self._contained(term, column)} AND {equal})" if can_be_found else equal

    def _contained(self, term: Within, column: str) -> str:
        """What an index can find: a column with this value at the path contains an object of just that."""
        document = term.value
        for key in reversed(term.path):
            document = f"{{{orjson.dumps(key).decode()}:{document}}}"
        return f"{column} @> {self._bind(document, 'jsonb')}"

    def _word(self, word: str, table: str) -> str:
        plain = self._text("contains", word)
        # In JSON a quote or a backslash stands behind a backslash.
        quoted = orjson.dumps(word).decode()[1:-1]
        inside = plain if quoted == word else self._text("contains", quoted)
        here = _in_some_text(table, plain, inside)
        if table == STEPS:
            return here
        return f"({here} OR {SOME_STEP.format(test=_in_some_text(STEPS, plain, inside))})"

    def _text(self, operator: str, value: str) -> str:
        return self._bind(pattern(value) if operator == "contains" else value, "text")

    def _bind(self, value: Any, kind: str) -> str:
        self.values.append(value)
        return f"${self.offset + len(self.values) - 1}::{kind}"


def pattern(text: str) -> str:
    """The pattern of LIKE for texts that contain this one."""
    for special in ("\\", "%", "_"):
        text = text.replace(special, f"\\{special}")
    return f"%{text}%"


def _in_some_text(table: str, plain: str, inside: str) -> str:
    texts = [(f"{table}.name", plain), (f"{table}.error_message", plain)]
    texts += [(f"{table}.{column}::text", inside) for column in ("input", "output")]
    return _joined(" OR ", [CONTAINS.format(c=column, v=value) for column, value in texts])


def _joined(conjunction: str, parts: Iterable[str]) -> str:
    written = conjunction.join(parts)
    return f"({written})" if written else ""


def _column_of(term: Compare | Among | Element | Within) -> str:
    return term.column.name if isinstance(term, Compare) else term.column
