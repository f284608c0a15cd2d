"""A bare ASGI application that sends every body back: what a door costs at the least."""

from __future__ import annotations

import sys

import uvicorn
from starlette.types import Receive, Scope, Send


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Send back what came."""
    if scope["type"] != "http":
        return
    message = await receive()
    body = message.get("body", b"")
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


if __name__ == "__main__":
    uvicorn.run(echo, port=int(sys.argv[1]), log_level="error", access_log=False, lifespan="off")
