"""How a stored row is read: a field is the column of its name."""

from collections.abc import Mapping
from typing import Any, TypeVar

import strawberry

from schema.described import described

T = TypeVar("T")


def of_row(cls: type[T]) -> type[T]:
    """Declare a type whose values are rows: fields are columns unless an answer says otherwise."""
    cls.is_type_of = _any  # type: ignore[attr-defined]  # read by Strawberry: rows carry no class to check
    return described(strawberry.type(cls, description=cls.__doc__))


def by_typename(row: Mapping[str, Any], *_: Any) -> str:
    """Which type of an interface a row belongs to; rows that can be several say so themselves."""
    name: str = row["__typename"]
    return name


def read(row: Any, name: str) -> Any:
    """The value of a field that has no answer of its own."""
    try:
        return row[name]
    except TypeError:
        return getattr(row, name)


def _any(*_: Any) -> bool:
    return True
