"""A request says which document it means: by sending it, or by a name."""

import hashlib
import json
from typing import Any

import httpx
import pytest

from tests.server.asking import URL, ask, code


def persisted(text: str) -> dict[str, Any]:
    digest = hashlib.sha256(text.encode()).hexdigest()
    return {"persistedQuery": {"version": 1, "sha256Hash": digest}}


async def test_a_document_is_sent_once_and_then_named(client: httpx.AsyncClient) -> None:
    """The protocol of automatic persisted queries: an unknown hash, the document with it, then the hash alone."""
    extensions = persisted("{ hello }")
    unknown = await client.post(URL, json={"extensions": extensions})
    sent = await ask(client, "{ hello }", extensions=extensions)
    named = await client.get(URL, params={"extensions": json.dumps(extensions), "operationName": ""})
    by_id = await client.post(URL, json={"documentId": f"sha256:{extensions['persistedQuery']['sha256Hash']}"})

    assert unknown.json()["errors"][0]["message"] == "PersistedQueryNotFound"
    assert code(unknown) == "PERSISTED_QUERY_NOT_FOUND"
    assert sent.json() == named.json() == by_id.json() == {"data": {"hello": "Hello world"}}


@pytest.mark.parametrize(
    "parameters",
    [
        {"query": "{ hello }", "extensions": persisted("{ project }")},
        {"query": "{ hello }", "extensions": {"persistedQuery": {"version": 2, "sha256Hash": "0" * 64}}},
        {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": "x"}}},
        {"extensions": {"persistedQuery": {"version": 1}}},
        {"extensions": {"persistedQuery": None}},
        {"extensions": {}},
        {"documentId": ""},
        {"documentId": 1},
        {"documentId": "x" * 1_000},
    ],
)
async def test_a_name_that_is_none_is_a_bad_request(client: httpx.AsyncClient, parameters: dict[str, Any]) -> None:
    """A hash that is none, or not that of the document, is told apart from one that is unknown."""
    response = await client.post(URL, json=parameters)

    assert (response.status_code, code(response)) == (400, "BAD_REQUEST")
