"""Which door a request goes to: most are GraphQL's, and find it without being matched with all the others."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.types import ASGIApp, Receive, Scope, Send

PATH = "/graphql"


@dataclass(frozen=True, kw_only=True)
class Doors:
    """An ASGI application: the doors of `/graphql`, and everything else."""

    http: ASGIApp
    websocket: ASGIApp
    others: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let in."""
        if scope["type"] == "http" and scope["path"] == PATH:
            await self.http(scope, receive, send)
        elif scope["type"] == "websocket" and scope["path"] == PATH:
            await self.websocket(scope, receive, send)
        else:
            await self.others(scope, receive, send)
