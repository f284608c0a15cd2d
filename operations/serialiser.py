"""Rows made into JSON objects by code that is written for one selection and compiled once.

The code consists of templates of ours; from a document come only response keys, which are GraphQL names and stand in
it as quoted text.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from types import CodeType
from typing import Any, TypeAlias

import orjson
from asyncpg import Record

from operations.leaves import Leaf
from schema.row import read

Outs: TypeAlias = Sequence[Sequence[Any]]
Make: TypeAlias = Callable[..., list[Any]]

KEPT_CODES = 512

# The values of a row become `c0`, `c1`, ...; what branches made of them `x0`, `x1`, ...
BY_POSITION = "def make(rows{outs}):\n return [{built} for {targets} in {source}]\n"
BY_NAME = """\
def make(rows{outs}):
 made = []
 for {targets} in {source}:
{reads}  made.append({built})
 return made
"""


@dataclass(frozen=True, kw_only=True)
class Constant:
    """The same text for every row."""

    text: str


@dataclass(frozen=True, kw_only=True)
class Stored:
    """A column of the row; `absent` stands for null."""

    column: str
    leaf: Leaf
    absent: Any = None


@dataclass(frozen=True, kw_only=True)
class Branched:
    """What the branch of this number made of the row."""

    number: int


@dataclass(frozen=True, kw_only=True)
class Nested:
    """An object that shows other columns of the same row."""

    entries: Sequence[tuple[str, Entry]]


Entry: TypeAlias = "Constant | Stored | Branched | Nested"


@dataclass(kw_only=True)
class Serialiser:
    """Makes one dictionary per row, `entries` in order.

    `uniform` says that rows which come together have the same columns in the same order: then they are read by
    position, which takes two thirds of the time.
    """

    entries: Sequence[tuple[str, Entry]]
    branches: int
    uniform: bool
    _compiled: dict[object, Make] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        """Count the objects that are made of each row."""
        self.objects = 1 + _nested(self.entries)

    def __call__(self, rows: Sequence[Any], outs: Outs) -> list[Any]:
        """The dictionaries of these rows; `outs` has a list per branch with one value per row."""
        if not rows:
            return []
        first = rows[0]
        layout: object = type(first)
        if isinstance(first, Record):
            layout = tuple(first.keys()) if self.uniform else Record
        make = self._compiled.get(layout)
        if make is None:
            make = self._compiled[layout] = self._compile(layout, first)
        return make(rows, *outs)

    def _compile(self, layout: object, first: Any) -> Make:
        writer = _Writer()
        built = writer.object(self.entries)
        outs = [f"x{number}" for number in range(self.branches)]
        if isinstance(layout, tuple):
            row, reads = writer.unpacked(layout), ""
            template = BY_POSITION
        else:
            template, row = BY_NAME, "row"
            reads = writer.reads("row[{name!r}]" if hasattr(first, "keys") else "read(row, {name!r})")
        code = template.format(
            outs="".join(f", {out}s" for out in outs),
            targets=", ".join([row, *outs]),
            source=f"zip(rows, {', '.join(f'{out}s' for out in outs)})" if outs else "rows",
            reads=reads,
            built=built,
        )
        return writer.function(code)


class _Writer:
    """Writes the expression for an object and remembers what it needs."""

    def __init__(self) -> None:
        self.columns: dict[str, str] = {}
        self.names: dict[str, Any] = {"Fragment": orjson.Fragment, "read": read}

    def object(self, entries: Sequence[tuple[str, Entry]]) -> str:
        return "{" + ", ".join(f"{key!r}: {self._value(entry)}" for key, entry in entries) + "}"

    def unpacked(self, layout: tuple[str, ...]) -> str:
        missing = self.columns.keys() - set(layout)
        if missing:
            raise KeyError(*sorted(missing))
        return "(" + "".join(f"{self.columns.get(name, '_')}, " for name in layout) + ")"

    def reads(self, template: str) -> str:
        return "".join(f"  {variable} = {template.format(name=name)}\n" for name, variable in self.columns.items())

    def function(self, code: str) -> Make:
        exec(_code(code), self.names)  # noqa: S102  templates of ours and quoted GraphQL names
        make: Make = self.names["make"]
        return make

    def _value(self, entry: Entry) -> str:
        match entry:
            case Constant(text=text):
                return repr(text)
            case Branched(number=number):
                return f"x{number}"
            case Nested(entries=entries):
                return self.object(entries)
            case Stored():
                return self._stored(entry)

    def _stored(self, entry: Stored) -> str:
        variable = self.columns.setdefault(entry.column, f"c{len(self.columns)}")
        value = entry.leaf.expression.format(v=variable, h=self._named(entry.leaf.helper))
        if entry.absent is None:
            return f"({value})"
        absent = self._named(entry.leaf.function(entry.absent))
        return f"({absent} if {variable} is None else {value})"

    def _named(self, value: Any) -> str:
        name = f"h{len(self.names)}"
        self.names[name] = value
        return name


def _nested(entries: Sequence[tuple[str, Entry]]) -> int:
    return sum(1 + _nested(entry.entries) for _, entry in entries if isinstance(entry, Nested))


@lru_cache(KEPT_CODES)
def _code(code: str) -> CodeType:
    return compile(code, "<selection>", "exec")
