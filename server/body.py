"""The body of a request: read within a limit and a time."""

from __future__ import annotations

import asyncio
from http import HTTPStatus

from starlette.types import Receive, Scope

from operations.eager import Begun
from server.replies import TurnedAway, header


class ClientGone(Exception):
    """Nobody is there any more to be answered."""


async def read_body(scope: Scope, receive: Receive, *, limit: int, seconds: float) -> bytes:
    """The whole body. Raises TurnedAway (408, 413) for one that is too slow or too large, ClientGone."""
    declared = header(scope, b"content-length")
    if declared is not None and declared.isdecimal() and int(declared[:20]) > limit:
        raise _too_large(limit)
    reading = Begun(_collect(receive, limit))
    if reading.done:
        return reading.value
    try:
        async with asyncio.timeout(seconds):
            return await reading
    except TimeoutError:
        message = f"The body did not arrive within {seconds:g} s."
        raise TurnedAway(HTTPStatus.REQUEST_TIMEOUT, message, {"connection": "close"}) from None


async def _collect(receive: Receive, limit: int) -> bytes:
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > limit:
            raise _too_large(limit)
        chunks.append(chunk)
        if not message.get("more_body", False):
            return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def _too_large(limit: int) -> TurnedAway:
    message = f"The body is larger than {limit} bytes."
    # Closed, for otherwise the rest of the body would have to be read.
    return TurnedAway(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, message, {"connection": "close"})
