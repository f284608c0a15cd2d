"""Sending mutations to a server that may be busy, restarting or away: again and again, with the same ids."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import httpx
import orjson

from scripts.replaying.plan import Mutation

FIRST_PAUSE = 0.05
LONGEST_PAUSE = 2.0
CONNECTIONS = 32
REQUEST_SECONDS = 20.0

TRY_AGAIN = (
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.BAD_GATEWAY,
    HTTPStatus.SERVICE_UNAVAILABLE,
    HTTPStatus.GATEWAY_TIMEOUT,
)
OVERLOADED = "OVERLOADED"

DOCUMENT = """
mutation Replay($input: {type}!) {{
  {field}(input: $input) {{ userErrors {{ code message path }} }}
}}
"""


class GaveUpError(Exception):
    """The server did not take a mutation for longer than we have patience."""


class TurnedAwayError(Exception):
    """The server will not take this from us, however often we ask."""


class NotNowError(Exception):
    """The server asks us to come back later."""

    def __init__(self, reason: str, after: float) -> None:
        super().__init__(reason)
        self.after = after


class Sender:
    """Sends mutations, each until the server answers it."""

    def __init__(self, client: httpx.AsyncClient, url: str, patience: float) -> None:
        self._client = client
        self._url = url
        self._patience = patience
        self.retries = 0

    async def send(self, mutation: Mutation) -> Sequence[Mapping[str, Any]]:
        """Have a mutation stored; returns the user errors, none when it is.

        Raises GaveUpError when the server is away for too long, TurnedAwayError when it refuses the request itself.
        """
        deadline = asyncio.get_running_loop().time() + self._patience
        pause = FIRST_PAUSE
        while True:
            try:
                return await self._attempt(mutation)
            except (httpx.TransportError, NotNowError) as problem:
                asked = problem.after if isinstance(problem, NotNowError) else 0.0
                wait = max(asked, pause * random.uniform(0.5, 1.5))
                if asyncio.get_running_loop().time() + wait > deadline:
                    message = f"no answer to {mutation.key} within {self._patience:g} s: {problem!r}"
                    raise GaveUpError(message) from problem
            self.retries += 1
            pause = min(2 * pause, LONGEST_PAUSE)
            await asyncio.sleep(wait)

    async def _attempt(self, mutation: Mutation) -> Sequence[Mapping[str, Any]]:
        response = await self._client.post(self._url, content=_body(mutation))
        if response.status_code in TRY_AGAIN:
            raise NotNowError(str(response.status_code), _retry_after(response))
        answer = _answer(response)
        errors = answer.get("errors") or []
        if any((error.get("extensions") or {}).get("code") == OVERLOADED for error in errors):
            raise NotNowError(OVERLOADED, _retry_after(response))
        if errors or not answer.get("data"):
            message = f"{mutation.key}: {response.status_code} {response.text[:500]}"
            raise TurnedAwayError(message)
        user_errors: Sequence[Mapping[str, Any]] = answer["data"][mutation.field]["userErrors"]
        return user_errors


def open_client(key: str, project: str | None) -> httpx.AsyncClient:
    """A client that carries the key, names the project and keeps its connections."""
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    return httpx.AsyncClient(
        headers=headers | ({"X-Tracegraph-Project": project} if project else {}),
        limits=httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS),
        timeout=REQUEST_SECONDS,
        trust_env=False,
    )


def _body(mutation: Mutation) -> bytes:
    kind = f"{mutation.field[0].upper()}{mutation.field[1:]}Input"
    document = DOCUMENT.format(type=kind, field=mutation.field)
    return orjson.dumps({"query": document, "variables": {"input": mutation.input}})


def _answer(response: httpx.Response) -> dict[str, Any]:
    try:
        answer = orjson.loads(response.content)
    except orjson.JSONDecodeError:
        answer = None
    return answer if isinstance(answer, dict) else {}


def _retry_after(response: httpx.Response) -> float:
    asked = response.headers.get("Retry-After", "")
    return float(asked) if asked.isdecimal() else 0.0
