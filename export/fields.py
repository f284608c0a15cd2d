"""The fields that a row of an export has: their names, their columns, and what kind of value they hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from export.selection import ExportKind
from models.errors import Invalid


class Kind(Enum):
    """What a field holds, as far as the formats care."""

    ID = auto()
    WORD = auto()  # one of ours, such as a status
    TEXT = auto()  # what a sender wrote
    TIME = auto()
    NUMBER = auto()
    COUNT = auto()
    MONEY = auto()
    JSON = auto()
    LIST = auto()


@dataclass(frozen=True)
class Field:
    """A field, named as in the API, and the column it shows."""

    name: str
    column: str
    kind: Kind


def _fields(**columns: Kind) -> tuple[Field, ...]:
    return tuple(Field(_name(column), column, kind) for column, kind in columns.items())


def _name(column: str) -> str:
    first, *others = column.split("_")
    return first + "".join(other.title() for other in others)


TOKENS: Final = dict.fromkeys(
    (
        "input_tokens", "output_tokens", "total_tokens", "cache_read_tokens", "cache_write_tokens", "reasoning_tokens",
    ),
    Kind.COUNT,
)  # fmt: skip
MOMENTS: Final = {"created_at": Kind.TIME, "updated_at": Kind.TIME}

# Keys come first, always: they are what a download goes on after, and together they tell every row from all others.
KEYS: Final[Mapping[ExportKind, tuple[Field, ...]]] = {
    ExportKind.TRACES: _fields(project_id=Kind.ID, id=Kind.ID),
    ExportKind.STEPS: _fields(project_id=Kind.ID, trace_id=Kind.ID, id=Kind.ID),
}
FIELDS: Final[Mapping[ExportKind, tuple[Field, ...]]] = {
    ExportKind.TRACES: KEYS[ExportKind.TRACES]
    + _fields(
        name=Kind.TEXT, status=Kind.WORD, start_time=Kind.TIME, end_time=Kind.TIME, duration_ms=Kind.NUMBER,
        session_id=Kind.TEXT, user_id=Kind.TEXT, environment=Kind.TEXT, release=Kind.TEXT, service_name=Kind.TEXT,
        tags=Kind.LIST, metadata=Kind.JSON, input=Kind.JSON, output=Kind.JSON, error_type=Kind.TEXT,
        error_message=Kind.TEXT, step_count=Kind.COUNT, error_count=Kind.COUNT, **TOKENS, cost=Kind.MONEY,
        models=Kind.LIST, **MOMENTS,
    ),
    ExportKind.STEPS: KEYS[ExportKind.STEPS]
    + _fields(
        parent_id=Kind.ID, name=Kind.TEXT, kind=Kind.WORD, status=Kind.WORD, start_time=Kind.TIME, end_time=Kind.TIME,
        duration_ms=Kind.NUMBER, time_to_first_token_ms=Kind.NUMBER, provider=Kind.TEXT, model=Kind.TEXT,
        request_model=Kind.TEXT, response_model=Kind.TEXT, **TOKENS, cost=Kind.MONEY, cost_source=Kind.WORD,
        input=Kind.JSON, output=Kind.JSON, attributes=Kind.JSON, error_type=Kind.TEXT, error_message=Kind.TEXT,
        **MOMENTS,
    ),
}  # fmt: skip


def chosen(kind: ExportKind, names: Sequence[str] | None) -> tuple[str, ...]:
    """The names of the fields that are wanted, all when none are named; the keys are there without being asked for.

    Raises Invalid for a name that is none.
    """
    known = {field.name: field for field in FIELDS[kind]}
    for place, name in enumerate(names or ()):
        if name not in known:
            what = kind.value.lower()
            message = f"{name[:100]!r} is no field of {what}. Their fields are {', '.join(known)}."
            raise Invalid(message, path=["fields", str(place)])
    wanted = {*(field.name for field in KEYS[kind]), *names} if names else known.keys()
    return tuple(name for name in known if name in wanted)


def fields_of(kind: ExportKind, names: Sequence[str]) -> list[Field]:
    """The fields of these names, in the order of the export."""
    return [field for field in FIELDS[kind] if field.name in names]
