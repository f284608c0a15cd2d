"""How much a key may do and for how long: through a real server, with Redis and with Redis away."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from websockets.exceptions import ConnectionClosed

from auth.lookup import KEPT_SECONDS
from scripts.embedded import Redis, start_redis
from server.heartbeat import DOUBT_SECONDS, LOOKS
from server.settings import Settings
from tests.server.listening import connected
from tests.server.sockets import heard, say, subscribe
from tests.servers import Server

BURST = 20
FORBIDDEN = 4403
PROMISED_SECONDS = 30
ASK = {"query": "{ viewer { scopes } }"}
FOLLOW = "subscription { events { cursor } }"
MAKE = """
mutation($expiresAt: DateTime) {
  createApiKey(input: {name: "limited", scopes: [READ], expiresAt: $expiresAt, project: "default"}) {
    apiKey { id }
    secret
  }
}
"""
REVOKE = "mutation($id: ID!) { revokeApiKey(input: {id: $id}) { apiKey { id } } }"


@pytest.fixture
def own_redis(data_folder: Path) -> Iterator[Redis]:
    server = start_redis(data_folder)
    yield server
    server.stop()


@pytest.fixture
def limited(database_url: str, own_redis: Redis, tmp_path: Path) -> Iterator[Server]:
    """A server that lets each key do twenty things at once, and then one in ten seconds; it looks at keys often."""
    environment = {
        "DATABASE_URL": database_url,
        "REDIS_URL": own_redis.url,
        "TRACEGRAPH_DATA_DIR": str(tmp_path),
        "TRACEGRAPH_RATE_LIMIT": "0.1",
        "TRACEGRAPH_RATE_BURST": str(BURST),
        "TRACEGRAPH_PING_SECONDS": "3",
    }
    server = Server(environment, "tg_dev_" + secrets.token_hex(24), tmp_path / "server.log")
    server.start()
    yield server
    server.stop()


def client_of(server: Server, secret: str) -> httpx.Client:
    headers = {"authorization": f"Bearer {secret}"}
    return httpx.Client(base_url=server.url, headers=headers, trust_env=False, timeout=30)


def make_key(server: Server, expires_at: datetime | None = None) -> tuple[str, str]:
    """The id and the secret of a new key."""
    variables = {"expiresAt": None if expires_at is None else expires_at.isoformat()}
    with client_of(server, server.key) as root:
        answer = root.post("/graphql", json={"query": MAKE, "variables": variables}).json()
    made = answer["data"]["createApiKey"]
    return made["apiKey"]["id"], made["secret"]


def exhaust(client: httpx.Client) -> tuple[list[int], httpx.Response]:
    """What was left after each answer until one was refused, and the refusal."""
    left: list[int] = []
    for _ in range(2 * BURST):
        answer = client.post("/graphql", json=ASK)
        if not answer.is_success:
            return left, answer
        told = answer.json()["extensions"]["rateLimit"]
        assert told["limit"] == BURST
        left.append(told["remaining"])
    raise AssertionError(left)


def test_a_key_that_asks_too_often_is_told_when_to_ask_again(limited: Server, own_redis: Redis) -> None:
    """A burst is granted, then 429 with `Retry-After`; other keys notice nothing; without Redis it is the same."""
    (_, greedy), (_, modest) = make_key(limited), make_key(limited)
    with client_of(limited, greedy) as client, client_of(limited, modest) as other:
        for redis_is_there in (True, False):
            left, refusal = exhaust(client)
            told = refusal.json()["errors"][0]["extensions"]

            # A slow machine may be granted one or two more, for time goes by.
            assert BURST <= len(left) <= BURST + 10
            assert left == sorted(left, reverse=True)
            assert (left[0], left[-1]) == (BURST - 1, 0)
            assert (refusal.status_code, told["code"]) == (429, "OVERLOADED")
            assert 1 <= int(refusal.headers["retry-after"]) <= 10
            assert 0 < told["retryAfter"] <= 10
            assert other.post("/graphql", json=ASK).json()["extensions"]["rateLimit"]["remaining"] >= BURST - 3
            if redis_is_there:
                own_redis.kill()


async def test_a_key_that_is_over_ends_its_streams(limited: Server) -> None:
    """A revoked key and one that expires are refused at once by HTTP; their sockets and event streams end soon."""
    revoked_id, revoked = make_key(limited)
    _, expiring = make_key(limited, datetime.now(UTC) + timedelta(seconds=8))
    begun = asyncio.Barrier(5)  # the four streams and those who wait for them
    async with asyncio.timeout(PROMISED_SECONDS + 8):
        streams = [
            asyncio.create_task(follow(limited, secret, begun))
            for secret in (revoked, expiring)
            for follow in (end_of_socket, end_of_events)
        ]
        await begun.wait()
        with client_of(limited, revoked) as client, client_of(limited, limited.key) as root:
            before = client.post("/graphql", json=ASK).status_code
            gone = root.post("/graphql", json={"query": REVOKE, "variables": {"id": revoked_id}}).json()
            after = client.post("/graphql", json=ASK).status_code
        ends = await asyncio.gather(*streams)
    with client_of(limited, expiring) as client:
        expired = client.post("/graphql", json=ASK).status_code

    assert "errors" not in gone
    assert (before, after, expired) == (200, 401, 401)
    assert ends == [FORBIDDEN, "UNAUTHENTICATED"] * 2


def test_streams_end_in_time_by_default() -> None:
    """What is remembered of a key, the time between two looks and that between two moments to look add up to 30 s."""
    settings = Settings()
    between = min(DOUBT_SECONDS, settings.ping_seconds)
    moment = min(settings.ping_seconds, settings.send_seconds) / LOOKS

    assert KEPT_SECONDS + between + moment <= PROMISED_SECONDS


async def end_of_socket(server: Server, secret: str, begun: asyncio.Barrier) -> object:
    """Follow over a WebSocket until it is closed: with which code."""
    async with connected(f"127.0.0.1:{server.port}") as client:
        await say(client, {"type": "connection_init", "payload": {"authorization": f"Bearer {secret}"}})
        await heard(client)
        await subscribe(client, FOLLOW)
        await heard(client)
        await begun.wait()
        try:
            while True:
                if json.loads(await client.recv())["type"] == "ping":
                    await say(client, {"type": "pong"})
        except ConnectionClosed:
            return client.close_code


async def end_of_events(server: Server, secret: str, begun: asyncio.Barrier) -> object:
    """Follow over server-sent events until they end: with which error."""
    headers = {"authorization": f"Bearer {secret}", "accept": "text/event-stream"}
    told: list[object] = []
    async with (
        httpx.AsyncClient(base_url=server.url, headers=headers, trust_env=False, timeout=60) as client,
        client.stream("POST", "/graphql", json={"query": FOLLOW}) as response,
    ):
        await begun.wait()
        async for line in response.aiter_lines():
            if line.startswith("data: {"):
                told += [each["extensions"]["code"] for each in json.loads(line[6:]).get("errors", ())]
    return told[-1]
