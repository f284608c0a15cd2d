"""Sending mutations to a server that may be busy, restarting or away: again and again, with the same ids."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any

import orjson

from scripts.replaying.connections import ConnectionLostError, Connections, Reply, open_connections
from scripts.replaying.plan import Mutation

FIRST_PAUSE = 0.05
LONGEST_PAUSE = 2.0

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
    """Sends mutations, each until the server answers it. Made by `open_sender`."""

    def __init__(self, connections: Connections, patience: float) -> None:
        self._connections = connections
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
                return _user_errors(mutation, await self._connections.post(_body(mutation)))
            except (ConnectionLostError, NotNowError) as problem:
                asked = problem.after if isinstance(problem, NotNowError) else 0.0
                wait = max(asked, pause * random.uniform(0.5, 1.5))
                if asyncio.get_running_loop().time() + wait > deadline:
                    message = f"{mutation.key} was not answered within {self._patience:g} s: {problem}"
                    raise GaveUpError(message) from problem
            self.retries += 1
            pause = min(2 * pause, LONGEST_PAUSE)
            await asyncio.sleep(wait)


@asynccontextmanager
async def open_sender(url: str, key: str, project: str | None, patience: float) -> AsyncIterator[Sender]:
    """A sender with connections of its own, which carry the key and name the project."""
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    if project:
        headers["X-Tracegraph-Project"] = project
    async with open_connections(url, headers) as connections:
        yield Sender(connections, patience)


def _body(mutation: Mutation) -> bytes:
    kind = f"{mutation.field[0].upper()}{mutation.field[1:]}Input"
    document = DOCUMENT.format(type=kind, field=mutation.field)
    return orjson.dumps({"query": document, "variables": {"input": mutation.input}})


def _user_errors(mutation: Mutation, reply: Reply) -> Sequence[Mapping[str, Any]]:
    if reply.status in TRY_AGAIN:
        raise NotNowError(f"status {reply.status}", _seconds(reply))
    answer = _answer(reply)
    errors = answer.get("errors") or []
    if any((error.get("extensions") or {}).get("code") == OVERLOADED for error in errors):
        raise NotNowError(OVERLOADED, _seconds(reply))
    if errors or not answer.get("data"):
        message = f"{mutation.key}: {reply.status} {reply.content[:500].decode(errors='replace')}"
        raise TurnedAwayError(message)
    user_errors: Sequence[Mapping[str, Any]] = answer["data"][mutation.field]["userErrors"]
    return user_errors


def _answer(reply: Reply) -> dict[str, Any]:
    try:
        answer = orjson.loads(reply.content)
    except orjson.JSONDecodeError:
        answer = None
    return answer if isinstance(answer, dict) else {}


def _seconds(reply: Reply) -> float:
    return float(reply.retry_after) if reply.retry_after.isdecimal() else 0.0
