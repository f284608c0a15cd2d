"""JSON values as PostgreSQL's `jsonb` understands them: numbers by value, paths through objects and lists."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

# What the operator #> takes for a place in a list: as C's strtol reads it.
INDEX = re.compile(r"[ \t\n\v\f\r]*[+-]?[0-9]+")
LARGEST_INDEX = 2**31 - 1


def parsed(text: str) -> Any:
    """The value of a JSON text, its numbers as decimals. Raises ValueError."""
    try:
        return json.loads(text, parse_float=Decimal, parse_int=Decimal)
    except RecursionError as error:
        raise ValueError("The JSON is nested too deeply.") from error


def is_index(key: str) -> bool:
    """Whether a part of a path can be a place in a list; it can be the key of an object all the same."""
    return INDEX.fullmatch(key) is not None


def at(value: Any, path: Sequence[str]) -> Any:
    """The value at a path, as `#>` finds it; None when there is none, or a null."""
    for key in path:
        if isinstance(value, dict):
            value = value.get(key)
        elif isinstance(value, list):
            value = _entry(value, key)
        else:
            return None
    return value


def same(a: Any, b: Any) -> bool:
    """Whether two values are equal as `jsonb`: numbers by value, objects whatever the order of their keys."""
    match a, b:
        case dict(), dict():
            return a.keys() == b.keys() and all(same(value, b[key]) for key, value in a.items())
        case list(), list():
            return len(a) == len(b) and all(map(same, a, b))
        case _:
            return type(a) is type(b) and a == b


def scalars(value: Any) -> Iterator[Any]:
    """The texts (keys included), numbers, truth values and nulls inside a value."""
    match value:
        case dict():
            for key, inner in value.items():
                yield key
                yield from scalars(inner)
        case list():
            for inner in value:
                yield from scalars(inner)
        case _:
            yield value


def _entry(entries: list[Any], key: str) -> Any:
    if not is_index(key):
        return None
    index = int(key)
    if not -LARGEST_INDEX <= index <= LARGEST_INDEX or not -len(entries) <= index < len(entries):
        return None
    return entries[index]
