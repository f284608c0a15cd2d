"""The door for GraphQL over WebSocket: the handshake, and a socket for who is let in."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import urlsplit

from starlette.types import Receive, Scope, Send

from operations.engine import Engine
from server.admission import Admit
from server.drain import Drain
from server.messages import SUBPROTOCOL, Closing, Code
from server.replies import header
from server.socket import Credentials, Socket, SocketLimits
from server.transport import OUTLET

ANY = "*"
RESTARTING = Closing(Code.RESTARTING, "The server restarts")
NO_SUBPROTOCOL = Closing(Code.NO_SUBPROTOCOL, f"Subprotocol not acceptable: this server speaks {SUBPROTOCOL}")


@dataclass(frozen=True, kw_only=True)
class WebSocketDoor:
    """An ASGI application for one path."""

    engine: Engine
    admit: Admit
    drain: Drain
    limits: SocketLimits = field(default_factory=SocketLimits)
    origins: frozenset[str] = frozenset()
    """The pages besides our own that may come in; `*` stands for any."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one socket until its end."""
        await receive()  # the request to connect
        if not self._is_welcome(header(scope, b"origin"), header(scope, b"host")):
            await send({"type": "websocket.close"})  # before it is accepted: 403
            return
        speaks_it = SUBPROTOCOL in scope["subprotocols"]
        await send({"type": "websocket.accept", "subprotocol": SUBPROTOCOL if speaks_it else None})
        shown = Credentials(
            authorization=header(scope, b"authorization"), project=header(scope, b"x-tracegraph-project")
        )
        socket = Socket(receive, send, scope["state"][OUTLET], self.engine, self.admit, self.limits, shown)
        if not speaks_it:
            socket.end(NO_SUBPROTOCOL)
        elif self.drain.begun:
            socket.leave(RESTARTING)
        with self.drain.socket(lambda: socket.leave(RESTARTING)):
            await socket.run()

    def _is_welcome(self, origin: str | None, host: str | None) -> bool:
        """Whether a page of this origin may open sockets; whoever tells none is no page."""
        return origin is None or not self.origins.isdisjoint({origin, ANY}) or urlsplit(origin).netloc == host
