"""Pages of other origins talk to us where a setting lets them."""

import httpx
import pytest

from server.doors import Doors
from server.graphql import GraphQLDoor
from server.origins import open_to
from tests.fakes.admission import KEY
from tests.server.asking import JSON, URL

OURS = frozenset({"https://app.example"})


async def exchange(door: GraphQLDoor, origins: frozenset[str], origin: str) -> tuple[httpx.Response, httpx.Response]:
    application = open_to(Doors(http=door, websocket=door, others=door), origins)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(application), headers={"origin": origin}) as client:
        asked = {"access-control-request-method": "POST", "access-control-request-headers": "authorization"}
        preflight = await client.request("OPTIONS", URL, headers=asked)
        answer = await client.post(URL, json={"query": "{ hello }"}, headers={"authorization": KEY, "accept": JSON})
    return preflight, answer


@pytest.mark.parametrize("origins", [OURS, frozenset({"*"})])
async def test_a_page_on_the_list_may_ask(door: GraphQLDoor, origins: frozenset[str]) -> None:
    """A browser hears that the page may send its key and read the answer, and the tag of it."""
    preflight, answer = await exchange(door, origins, "https://app.example")

    assert preflight.status_code == 200
    assert answer.headers["access-control-allow-origin"] in {"https://app.example", "*"}
    assert "etag" in answer.headers["access-control-expose-headers"]
    assert answer.json() == {"data": {"hello": "Hello world"}}


@pytest.mark.parametrize(("origins", "status"), [(OURS, 400), (frozenset(), 405)])
async def test_a_page_that_is_not_on_it_may_not(door: GraphQLDoor, origins: frozenset[str], status: int) -> None:
    """Without the headers a browser keeps the answer from the page; without a list no page has them."""
    preflight, answer = await exchange(door, origins, "https://elsewhere.example")

    assert preflight.status_code == status
    assert "access-control-allow-origin" not in answer.headers
