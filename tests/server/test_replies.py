"""The status codes of the published specification are the rule, those of its main branch a setting."""

from collections.abc import AsyncIterator
from dataclasses import replace

import httpx
import pytest

from server.graphql import GraphQLDoor, Manners
from server.replies import STATUSES
from tests.fakes.admission import KEY
from tests.server.asking import GRAPHQL, JSON, URL


@pytest.fixture
async def modern(door: GraphQLDoor) -> AsyncIterator[httpx.AsyncClient]:
    manners = Manners(statuses=STATUSES["2026"])
    transport = httpx.ASGITransport(replace(door, manners=manners))
    async with httpx.AsyncClient(transport=transport, headers={"authorization": KEY}) as client:
        yield client


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"query": "{ hello }"}', 200),
        (b'{"query": "{ hello bug }"}', 294),
        (b"nonsense", 400),
        (b'{"qeury": "{ hello }"}', 422),
        (b'{"query": "{ hello }", "variables": [7]}', 422),
        (b'{"query": "{"}', 400),
        (b'{"query": "{ nothing }"}', 422),
        (b'{"query": "query A { hello } query B { hello }"}', 422),
        (b'{"query": "query($n: String!) { hello(name: $n) }"}', 422),
        (b'{"documentId": "unknown"}', 422),
        (b'{"query": "{ unavailable }"}', 503),
    ],
)
async def test_the_status_codes_of_the_main_branch(modern: httpx.AsyncClient, body: bytes, expected: int) -> None:
    """What can't be read is 400, what can't be run 422, and what was answered in part 294."""
    response = await modern.post(URL, content=body, headers={"content-type": JSON, "accept": GRAPHQL})

    assert response.status_code == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"query": "{ hello bug }"}', 200),
        (b'{"query": "{ nothing }"}', 200),
        (b'{"qeury": "{ hello }"}', 400),
        (b"nonsense", 400),
    ],
)
async def test_plain_json_keeps_its_status_codes(modern: httpx.AsyncClient, body: bytes, expected: int) -> None:
    """Clients of plain JSON know 200 and trust no other, whatever the setting."""
    response = await modern.post(URL, content=body, headers={"content-type": JSON, "accept": JSON})

    assert response.status_code == expected
