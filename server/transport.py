"""The transport: uvicorn's protocols, made to give up a peer that does not read."""

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

# Somewhat longer than uvicorn waits for the peer's half of the closing handshake.
FAREWELL_SECONDS = 12.0

# In the state of a request: cuts its connection. `transport.close()`, which is what uvicorn calls, waits until all that
# was sent has been read; a peer that does not read would keep its connection, and what waits for it, for ever.
ABORT = "abort"


class RequestProtocol(HttpToolsProtocol):
    """Tells each request how to cut its connection."""

    def on_message_begin(self) -> None:
        """Begin a request."""
        super().on_message_begin()
        self.scope["state"][ABORT] = self.transport.abort


class SocketProtocol(WebSocketsSansIOProtocol):
    """Cuts a peer off that has not taken its leave some seconds after we took ours."""

    async def run_asgi(self) -> None:
        """Run the application, and see to it that the connection ends soon after it."""
        await super().run_asgi()
        if not self.disconnected:
            self.loop.call_later(FAREWELL_SECONDS, self._cut)

    def _cut(self) -> None:
        if not self.disconnected:
            self.transport.abort()
