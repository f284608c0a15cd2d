"""The values in a filter: checked against the limits and against what PostgreSQL can hold, and made into terms."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, TypeAlias, TypeVar

from models.comparisons import JSONFilter
from models.errors import Invalid
from models.filter_terms import NOTHING, Among, Column, Compare, Element, Not, Term, Within
from models.ids import canonical
from models.json_values import parsed, scalars

MOST_VALUES = 1_000
LONGEST_TEXT = 1_000
LONGEST_JSON = 10_000
LONGEST_PATH = 20
LARGEST_INTEGER = 2**63 - 1
LARGEST_EXPONENT = 1_000

Path: TypeAlias = tuple[str, ...]
T = TypeVar("T")

COMPARABLE = {"gt", "gte", "lt", "lte"}


def given(part: Any, path: Path) -> list[tuple[str, Any, Path]]:
    """What a part of a filter says: name, value and path of each field; a null says nothing."""
    told = ((field.name, getattr(part, field.name)) for field in fields(part))
    return [(name, value, (*path, shown(name))) for name, value in told if value is not None]


def shown(name: str) -> str:
    """The name of a field in the API."""
    first, *others = name.rstrip("_").split("_")
    return first + "".join(other.title() for other in others)


def bounded(values: Sequence[T], path: Path, most: int = MOST_VALUES) -> Sequence[T]:
    """The list, if it is not too long. Raises Invalid."""
    if len(values) > most:
        raise Invalid(f"At most {most:,} values; these are {len(values):,}.", path=path)
    return values


def text(value: str, path: Path, longest: int = LONGEST_TEXT) -> str:
    """The text, if it can be in the database at all. Raises Invalid."""
    if len(value) > longest:
        raise Invalid(f"At most {longest:,} characters; this has {len(value):,}.", path=path)
    if not _storable(value):
        raise Invalid("This text has a NUL character or half a surrogate pair, which no stored text has.", path=path)
    return value


def comparison(column: Column, operator: str, value: Any, path: Path) -> Term:
    """The term of one comparison of a column. Raises Invalid."""
    if operator == "is_null":
        return Compare(column, operator, bool(value))
    read = READERS[column.type]
    if operator == "in_":
        values = [read(entry, (*path, str(number))) for number, entry in enumerate(bounded(value, path))]
        return _among(column, [entry for entry in values if entry is not None])
    one = read(value, path)
    return NOTHING if one is None else Compare(column, operator, one)


def listed(column: str, operator: str, value: Any, path: Path) -> Term:
    """The term of one comparison of a column that holds a list of texts. Raises Invalid."""
    match operator:
        case "is_null":
            empty = Among(column, "is_null")
            return empty if value else Not(empty)
        case "contains" | "starts_with":
            return Element(column, operator, text(value, path))
        case "eq" | "ne":
            return Among(column, "all" if operator == "eq" else "none", (text(value, path),))
        case _:
            values = tuple(text(entry, (*path, str(number))) for number, entry in enumerate(bounded(value, path)))
            return Among(column, "any" if operator == "in_" else operator.removeprefix("has_"), values)


def within(column: str, part: JSONFilter, path: Path) -> Term:
    """The term of a condition on the inside of a JSON column. Raises Invalid."""
    keys = tuple(
        text(key, (*path, "path", str(number)))
        for number, key in enumerate(bounded(part.path, (*path, "path"), LONGEST_PATH))
    )
    if not keys:
        raise Invalid("A path has at least one key.", path=(*path, "path"))
    told = [entry for entry in given(part, path) if entry[0] != "path"]
    if len(told) != 1:
        names = ", ".join(f"`{shown(name)}`" for name in OPERATORS_WITHIN)
        raise Invalid(f"Give exactly one of {names} with a path; a null is asked for by `exists: false`.", path=path)
    ((operator, value, here),) = told
    return Within(column, keys, operator, _inner(operator, value, here))


def _inner(operator: str, value: Any, path: Path) -> Any:
    match operator:
        case "eq":
            return _json(value, path)
        case "contains":
            return text(value, path)
        case "exists":
            return bool(value)
        case _:
            # The shortest decimal that reads as this number: 0.1 is compared as 0.1.
            return repr(_float(value, path))


def _among(column: Column, values: Iterable[Any]) -> Term:
    kept = tuple(dict.fromkeys(values))
    return Compare(column, "in_", kept) if kept else NOTHING


def _identity(value: str, _: Path) -> str | None:
    return canonical(value)


def _word(value: str, path: Path) -> str:
    return text(str(value), path)


def _moment(value: datetime, path: Path) -> datetime:
    if value.tzinfo is None:
        raise Invalid("This time lacks its offset from UTC.", path=path)
    return value


def _float(value: float, path: Path) -> float:
    if not math.isfinite(value):
        raise Invalid("This is no finite number.", path=path)
    return float(value)


def _integer(value: int, path: Path) -> int:
    if abs(value) > LARGEST_INTEGER:
        raise Invalid("This is no 64-bit integer.", path=path)
    return value


def _decimal(value: str, path: Path) -> str:
    try:
        amount = Decimal(value)
    except InvalidOperation as error:
        raise Invalid("This is no decimal number.", path=path) from error
    if not _is_reasonable(amount):
        raise Invalid("This number is out of range.", path=path)
    return str(amount)


def _json(value: str, path: Path) -> str:
    if len(value) > LONGEST_JSON:
        raise Invalid(f"At most {LONGEST_JSON:,} characters of JSON; this has {len(value):,}.", path=path)
    try:
        inside = list(scalars(parsed(value)))
    except ValueError as error:
        raise Invalid("This is no JSON value.", path=path) from error
    for scalar in inside:
        if isinstance(scalar, str):
            text(scalar, path, LONGEST_JSON)
        elif isinstance(scalar, Decimal | float) and not _is_reasonable(scalar):
            raise Invalid("A number in this JSON value is out of range.", path=path)
    return value


def _is_reasonable(number: Decimal | float) -> bool:
    amount = Decimal(number)
    return amount.is_finite() and (not amount or abs(amount.adjusted()) <= LARGEST_EXPONENT)


def _storable(value: str) -> bool:
    try:
        return b"\0" not in value.encode()
    except UnicodeEncodeError:
        return False


READERS: Mapping[str, Callable[[Any, Path], Any]] = {
    "text": _word,
    "uuid": _identity,
    "timestamptz": _moment,
    "float8": _float,
    "int8": _integer,
    "numeric": _decimal,
}
OPERATORS_WITHIN = [field.name for field in fields(JSONFilter) if field.name != "path"]
