"""JSON written as a GraphQL literal becomes the JSON that its author meant, digit by digit."""

from typing import Any

import pytest
from graphql import GraphQLError, parse_value

from schema.literals import JsonText, json_text

LITERALS = [
    ("null", "null"),
    ("true", "true"),
    ("-0", "-0"),
    ("1.50", "1.50"),
    ("1e400", "1e400"),
    ("9" * 5_000, "9" * 5_000),
    (r'"a\u0000\"b\n"', r'"a\u0000\"b\n"'),
    ('"""a "block" text"""', r'"a \"block\" text"'),
    ('[1, [], {a: "b", c: {}}]', '[1,[],{"a":"b","c":{}}]'),
    ('{a: 1, a: 2, __typename: "T"}', '{"a":1,"a":2,"__typename":"T"}'),
]


@pytest.mark.parametrize(("literal", "expected"), LITERALS)
def test_a_literal_becomes_the_same_json(literal: str, expected: str) -> None:
    """Numbers keep their digits, texts their characters, objects the order of their members."""
    assert json_text(parse_value(literal)) == expected


@pytest.mark.parametrize("literal", ["NaN", "Infinity", "[1, {a: undefined}]"])
def test_a_name_that_json_does_not_have_is_refused(literal: str) -> None:
    """What JSON can't say is not taken for a text."""
    with pytest.raises(GraphQLError) as refusal:
        json_text(parse_value(literal))

    assert refusal.value.locations


def test_variables_become_a_part_of_it() -> None:
    """A variable that holds JSON is put in as it is, any other value as JSON; one without a value is null."""
    variables: dict[str, Any] = {"json": JsonText('{"x": 1.0}'), "text": '{"x"', "number": 5}

    assert json_text(parse_value("[$json, $text, $number, $none]"), variables) == r'[{"x": 1.0},"{\"x\"",5,null]'
