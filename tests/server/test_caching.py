"""An answer that a client has already is not sent again."""

import httpx
import pytest

from tests.server.asking import GRAPHQL, JSON, URL, ask

QUERY = {"query": "{ hello }"}


async def test_an_answer_to_get_has_a_tag(client: httpx.AsyncClient) -> None:
    """The same answer has the same tag, another one another, and no cache may keep one for somebody else."""
    first, again = await client.get(URL, params=QUERY), await client.get(URL, params=QUERY)
    other = await client.get(URL, params={"query": "{ project }"})

    assert first.headers["etag"] == again.headers["etag"] != other.headers["etag"]
    assert first.headers["cache-control"] == "private, no-cache"
    assert first.headers["vary"] == "accept, authorization, x-tracegraph-project"


@pytest.mark.parametrize("shown", ["{tag}", '"other", {tag}', "*", "{strong}"])
async def test_a_tag_that_is_shown_spares_the_answer(client: httpx.AsyncClient, shown: str) -> None:
    """Who shows the tag of the answer gets 304 and no body."""
    tag = (await client.get(URL, params=QUERY)).headers["etag"]
    shown = shown.format(tag=tag, strong=tag.removeprefix("W/"))
    response = await client.get(URL, params=QUERY, headers={"if-none-match": shown})

    assert (response.status_code, response.content, response.headers["etag"]) == (304, b"", tag)


async def test_an_old_tag_spares_nothing(client: httpx.AsyncClient) -> None:
    """Who shows another tag gets the answer."""
    response = await client.get(URL, params=QUERY, headers={"if-none-match": 'W/"old"'})

    assert response.json() == {"data": {"hello": "Hello world"}}


async def test_what_is_no_success_has_no_tag(client: httpx.AsyncClient) -> None:
    """Neither a refusal nor the answer to a POST is kept by anybody."""
    refused = await client.get(URL, params={"query": "{ nothing }"})
    posted = await ask(client, "{ hello }")

    assert "etag" not in refused.headers
    assert "etag" not in posted.headers


async def test_query_asks_like_get_with_a_body(client: httpx.AsyncClient) -> None:
    """The method QUERY is safe: it answers queries, with a tag, and refuses mutations."""
    answered = await client.request("QUERY", URL, json=QUERY, headers={"accept": GRAPHQL})
    tag = answered.headers["etag"]
    spared = await client.request("QUERY", URL, json=QUERY, headers={"accept": GRAPHQL, "if-none-match": tag})
    refused = await client.request("QUERY", URL, json={"query": 'mutation { rename(name: "x") }'})
    other = await client.request("QUERY", URL, content=b"{ hello }", headers={"content-type": "application/graphql"})

    assert (answered.status_code, answered.json()) == (200, {"data": {"hello": "Hello world"}})
    assert spared.status_code == 304
    assert (refused.status_code, refused.headers["allow"]) == (405, "POST")
    assert other.status_code == 415


async def test_other_methods_learn_what_query_takes(client: httpx.AsyncClient) -> None:
    """A method that is refused is told which bodies QUERY takes."""
    response = await client.request("PUT", URL)

    assert response.headers["accept-query"] == JSON
