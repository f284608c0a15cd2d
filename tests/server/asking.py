"""What the tests of the HTTP door ask, and how they ask it."""

from __future__ import annotations

import httpx

JSON = "application/json"
GRAPHQL = "application/graphql-response+json"
URL = "http://tracegraph/graphql"
MAX_BODY = 2_000


def code(response: httpx.Response) -> str:
    return str(response.json()["errors"][0]["extensions"]["code"])


async def ask(client: httpx.AsyncClient, query: str, accept: str = GRAPHQL, **parameters: object) -> httpx.Response:
    return await client.post(URL, json={"query": query, **parameters}, headers={"accept": accept})
