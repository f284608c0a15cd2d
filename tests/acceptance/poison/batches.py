"""Poison in a batch between two good steps: how it is served, and what may become of it and must of its neighbours."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from tests.poison import Poison, step

DOCUMENT = b"""mutation Ingest($input: IngestInput!) {
  ingest(input: $input) { accepted refused steps { index id status userErrors { code message path } } }
}"""
LITERAL = (
    b"mutation { ingest(input: { steps: [%b] }) { accepted steps { id status userErrors { code message path } } } }"
)
PLACE = 1
KEY = re.compile(rb'"(\w+)" *:')
STORED = ("CREATED", "UPDATED")

# What tells the sender where to look: the way to the value, a place in the body, or the value itself.
HINTS = (f"steps[{PLACE}]", "(byte ", "cannot represent")


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What was said to a request: its data if it was carried out, or else the errors."""

    data: Mapping[str, Any] | None
    errors: list[dict[str, Any]]
    text: str


def batch(poison: Poison) -> bytes:
    """The poison among good steps, as the JSON of a list."""
    poisoned = step(poison.fields) if poison.whole is None else poison.whole
    return b"[" + b",".join([step(), poisoned, step()]) + b"]"


def request(poison: Poison) -> bytes:
    """A request with the batch in its variables."""
    return b'{"query":%b,"variables":{"input":{"steps":%b}}}' % (orjson.dumps(DOCUMENT.decode()), batch(poison))


def literal_request(poison: Poison) -> bytes:
    """A request with the batch in its document, where names have no quotes."""
    document = LITERAL % KEY.sub(rb"\1:", batch(poison)[1:-1])
    return b'{"query":"%b"}' % document.replace(b"\\", rb"\\").replace(b'"', rb"\"").replace(b"\n", b"\\n")


def good_request() -> bytes:
    """A request that must be carried out."""
    return request(Poison(name="good"))


def reply(text: bytes | str) -> Reply:
    """What a GraphQL response says."""
    answer = orjson.loads(text)
    return Reply(data=answer.get("data"), errors=answer.get("errors", []), text=str(text)[:1_000])


def assert_contained(poison: Poison, said: Reply) -> None:
    """The poison is stored, or refused with its path, and its neighbours are stored; or all of it is refused."""
    if said.data is None:
        assert not poison.harmless, said.text
        assert all(error["extensions"]["code"] not in ("INTERNAL", "OVERLOADED") for error in said.errors), said.text
        assert all(is_told(error) for error in said.errors), said.text
        return
    first, poisoned, last = said.data["ingest"]["steps"]
    assert {first["status"], last["status"]} == {"CREATED"}, said.text
    if poisoned["status"] not in STORED:
        assert not poison.harmless, said.text
        assert all(is_traced(poison, error) for error in poisoned["userErrors"]), said.text
        assert poisoned["userErrors"]


def assert_good(said: Reply) -> None:
    """A request without poison was carried out."""
    assert said.data is not None, said.text
    assert [result["status"] for result in said.data["ingest"]["steps"]] == ["CREATED"] * 3, said.text


def is_told(error: Mapping[str, Any]) -> bool:
    """Whether an error of a whole request says where to look."""
    named = error["extensions"].keys() & {"limit", "path"} or error.keys() & {"locations"}
    return bool(named) or any(hint in error["message"] for hint in HINTS)


def is_traced(poison: Poison, error: Mapping[str, Any]) -> bool:
    """Whether an error leads to the poisoned step, or to a field of it."""
    place = error["path"][:3]
    return place == ["input", "steps", str(PLACE)] and set(error["path"][3:4]) <= poison.fields.keys()
