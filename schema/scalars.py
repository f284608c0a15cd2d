"""The scalars of the API, and the Python types that stand for them."""

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec
import orjson
import strawberry
from graphql import GraphQLError, GraphQLID, ValueNode, value_from_ast_untyped
from strawberry.types.scalar import ScalarDefinition

from models.ids import canonical
from models.values import BigInt, Id, Json, Money, Uuid
from resolvers.pages import Cursor
from schema.literals import JsonText, json_text

LARGEST = 2**63 - 1


def _moment(value: Any) -> datetime:
    try:
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is not None:
            return moment if moment.tzinfo is UTC else moment.astimezone(UTC)
    except (TypeError, ValueError, OverflowError) as error:
        message = f"{str(value)[:60]!r} is no RFC 3339 time, for example 2026-01-31T12:00:00.000000Z."
        raise GraphQLError(message) from error
    message = f"{value!r} lacks its offset from UTC; end it with Z or +00:00."
    raise GraphQLError(message)


def _uuid(value: Any) -> str:
    identity = canonical(value) if isinstance(value, str) else None
    if identity is None:
        message = f"{str(value)[:60]!r} is no UUID."
        raise GraphQLError(message)
    return identity


def _decimal(value: Any) -> str:
    with suppress(InvalidOperation):
        if type(value) in (str, int, float) and Decimal(str(value)).is_finite():
            return str(value)
    message = f"{str(value)[:60]!r} is no decimal number."
    raise GraphQLError(message)


def _integer(value: Any) -> int:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > LARGEST:
        message = f"{str(value)[:60]!r} is no 64-bit integer."
        raise GraphQLError(message)
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        message = f"{str(value)[:60]!r} is no cursor."
        raise GraphQLError(message)
    return value


def _json(value: Any) -> JsonText:
    try:
        return JsonText(orjson.dumps(value).decode())
    except TypeError as error:
        message = f"This value can't be kept as JSON: {error}."
        raise GraphQLError(message) from error


def _decimal_of(text: str) -> str:
    """A decimal number from its JSON: a string, or a number, whose digits are kept."""
    return _decimal(orjson.loads(text) if text.startswith('"') else text)


def _duration(value: Any) -> timedelta:
    """A duration from its text, without years and months, whose length nobody knows."""
    try:
        return msgspec.convert(value, timedelta)
    except msgspec.ValidationError as error:
        raise GraphQLError("A duration is written as of ISO 8601, in days and less: PT1S, PT5M or P7D.") from error


def _written_duration(value: timedelta) -> str:
    return str(msgspec.to_builtins(value))


# The scalars whose values are their texts: what was sent is what they are.
OF_TEXT: dict[str, Callable[[str], str]] = {"JSON": str, "Decimal": _decimal_of}


def _literal(parse: Callable[[Any], Any]) -> Callable[..., Any]:
    """The parser of the same scalar in a document; it says where the literal is that it does not like."""

    def parse_literal(node: ValueNode, variables: dict[str, Any] | None = None) -> Any:
        try:
            return parse(value_from_ast_untyped(node, variables))
        except GraphQLError as error:
            raise GraphQLError(error.message, node) from error

    return parse_literal


def sent_as_is(value: Any) -> Any:
    """The encoder of the answer writes times, numbers and fragments by itself."""
    return value


SCALARS: dict[object, ScalarDefinition] = {
    Id: ScalarDefinition(
        name="ID",
        description=GraphQLID.description,
        specified_by_url=None,
        serialize=GraphQLID.serialize,
        parse_value=GraphQLID.parse_value,
        parse_literal=GraphQLID.parse_literal,
        implementation=GraphQLID,
    ),
    datetime: strawberry.scalar(
        name="DateTime",
        description="RFC 3339 in UTC with up to microseconds, for example 2026-01-31T12:00:00.123456Z.",
        specified_by_url="https://www.rfc-editor.org/rfc/rfc3339",
        serialize=sent_as_is,
        parse_value=_moment,
        parse_literal=_literal(_moment),
    ),
    timedelta: strawberry.scalar(
        name="Duration",
        description="ISO 8601 duration, for example PT5M.",
        specified_by_url="https://www.iso.org/iso-8601-date-and-time-format.html",
        serialize=_written_duration,
        parse_value=_duration,
        parse_literal=_literal(_duration),
    ),
    Json: strawberry.scalar(
        name="JSON",
        description="Any JSON value, returned as it was sent.",
        specified_by_url="https://www.rfc-editor.org/rfc/rfc8259",
        serialize=orjson.Fragment,
        parse_value=_json,
        parse_literal=json_text,
    ),
    Uuid: strawberry.scalar(
        name="UUID",
        description="A UUID as of RFC 9562; version 7 is best, since it carries its time.",
        specified_by_url="https://www.rfc-editor.org/rfc/rfc9562",
        serialize=str,
        parse_value=_uuid,
        parse_literal=_literal(_uuid),
    ),
    Money: strawberry.scalar(
        name="Decimal",
        description="Decimal number as a string; money is in US dollars.",
        serialize=str,
        parse_value=_decimal,
        parse_literal=_literal(_decimal),
    ),
    BigInt: strawberry.scalar(
        name="BigInt",
        description="64-bit integer, sent as a JSON number.",
        serialize=sent_as_is,
        parse_value=_integer,
        parse_literal=_literal(_integer),
    ),
    Cursor: strawberry.scalar(
        name="Cursor",
        description="Opaque position in a list or an event stream.",
        serialize=str,
        parse_value=_text,
        parse_literal=_literal(_text),
    ),
}
