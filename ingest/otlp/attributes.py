"""Attributes of spans, events and resources as plain values, and the words, counts and numbers found in them."""

import math
from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

from ingest.rules import LARGEST_COUNT, WORD_LENGTH

Attributes: TypeAlias = Mapping[str, Any]
Names: TypeAlias = Sequence[str]


def attributes_of(pairs: Iterable[KeyValue]) -> dict[str, Any]:
    """The attributes by name; of several with one name the last one counts."""
    # Most attributes are texts: asked for one first, a value needs no look at what it is.
    return {pair.key: pair.value.string_value or value_of(pair.value) for pair in pairs}


def value_of(value: AnyValue) -> Any:
    """A value as JSON knows it; bytes in base64."""
    match value.WhichOneof("value"):
        case None | "string_value_strindex":  # texts by index belong to profiles
            return None
        case "array_value":
            return [value_of(entry) for entry in value.array_value.values]
        case "kvlist_value":
            return attributes_of(value.kvlist_value.values)
        case "bytes_value":
            return b64encode(value.bytes_value).decode()
        case scalar:
            return getattr(value, scalar)


def first(attributes: Attributes, names: Names) -> Any:
    """The first of these attributes that says something, or None."""
    for name in names:
        if (value := attributes.get(name)) is not None and value != "":
            return value
    return None


def word(attributes: Attributes, names: Names) -> str | None:
    """The first of these attributes that is a word, cut to the length we keep."""
    value = first(attributes, names)
    if value is None or isinstance(value, Mapping | list):
        return None
    return (value if isinstance(value, str) else str(value))[:WORD_LENGTH]


def count(attributes: Attributes, names: Names) -> int | None:
    """The first of these attributes that is a count, however it is written."""
    for name in names:
        if (value := attributes.get(name)) is None:
            continue
        number = value if type(value) is int else number_in(value)
        if number is not None and 0 <= number <= LARGEST_COUNT:
            return int(number)
    return None


def number_in(value: Any) -> float | int | None:
    """The finite number in a value, or None."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    if isinstance(value, int):
        return value
    try:
        number = float(value)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def is_true(value: Any) -> bool:
    """Whether a value means yes; some write it as a word."""
    return value is True or (isinstance(value, str) and value.lower() == "true")
