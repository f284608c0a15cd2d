"""JSON of every kind comes back as it was sent, or by the one rule for what an object in PostgreSQL can't hold."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import httpx
import pytest

from tests.poison import HARMLESS_JSON, HARMLESS_TEXTS, step
from tests.servers import Server

VALUES = HARMLESS_JSON | HARMLESS_TEXTS
CREATE = b"mutation($input: CreateStepInput!) { createStep(input: $input) { step { name input output attributes } } }"
LITERAL = """
mutation {
  createStep(input: { traceId: "019ac000-0000-7000-8000-000000000001", name: "chat", input: %s }) { step { input } }
}
"""
WRITTEN = {
    "[1e400, 12345678901234567890123.450]": "[1e400, 12345678901234567890123.450]",
    '{a: {b: [true, null, "x"]}}': '{"a": {"b": [true, null, "x"]}}',
    r'"\u0000"': r'"\u0000"',
    "9" * 4_000: "9" * 4_000,
}


def created(server: Server, body: bytes | str) -> Any:
    """The step that a mutation answers with."""
    headers = {**server.headers, "Content-Type": "application/json"}
    response = httpx.post(f"{server.url}/graphql", content=body, headers=headers, trust_env=False, timeout=20)
    return loaded(response.content)["data"]["createStep"]["step"]


def loaded(text: bytes | str) -> Any:
    """What a JSON text means, its numbers to the last digit."""
    return json.loads(text, parse_float=Decimal, parse_int=Decimal)


@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES.keys())
def test_json_comes_back_as_it_was_sent(shared_server: Server, value: bytes) -> None:
    """Whatever JSON a step was given and answered, it is shown with the same meaning."""
    sent = step({"input": value, "output": b'{"in":[' + value + b"]}"})
    shown = created(shared_server, b'{"query":"%b","variables":{"input":%b}}' % (CREATE, sent))

    assert shown["input"] == loaded(value)
    assert shown["output"] == {"in": [loaded(value)]}


@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES.keys())
def test_attributes_come_back_but_for_nul(shared_server: Server, value: bytes) -> None:
    """Attributes keep their meaning too; a NUL in them becomes U+FFFD."""
    sent = step({"attributes": b'{"a":' + value + b"}"})
    shown = created(shared_server, b'{"query":"%b","variables":{"input":%b}}' % (CREATE, sent))

    assert shown["attributes"] == {"a": loaded(value.replace(rb"\u0000", rb"\ufffd"))}


@pytest.mark.parametrize("value", HARMLESS_TEXTS.values(), ids=HARMLESS_TEXTS.keys())
def test_texts_come_back_but_for_nul(shared_server: Server, value: bytes) -> None:
    """Names keep every character; a NUL in them becomes U+FFFD."""
    shown = created(shared_server, b'{"query":"%b","variables":{"input":%b}}' % (CREATE, step({"name": value})))

    assert shown["name"] == loaded(value.replace(rb"\u0000", rb"\ufffd"))


@pytest.mark.parametrize(("literal", "expected"), WRITTEN.items(), ids=["numbers", "an object", "a NUL", "digits"])
def test_literals_come_back_as_they_were_written(shared_server: Server, literal: str, expected: str) -> None:
    """JSON in a document keeps its digits, more of them than any machine number has."""
    shown = created(shared_server, json.dumps({"query": LITERAL % literal}))

    assert shown["input"] == loaded(expected)
