"""The transport: uvicorn's protocols, made to give up a peer that does not read."""

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

# Somewhat longer than uvicorn waits for the peer's half of the closing handshake.
FAREWELL_SECONDS = 12.0

# In the state of a request: cuts its connection. `transport.close()`, which is what uvicorn calls, waits until all that
# was sent has been read; a peer that does not read would keep its connection, and what waits for it, for ever.
ABORT = "abort"


class RequestProtocol(HttpToolsProtocol):
    """Tells each request how to cut its connection, and cuts off a peer that does not get its headers said in time."""

    # The longest that a connection may wait for its first request, and the headers of any for their end; uvicorn would
    # wait for ever.
    head_seconds = 10.0

    _hurry: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Begin a connection; its first request has to begin soon."""
        super().connection_made(transport)
        self._hurry_up()

    def on_message_begin(self) -> None:
        """Begin a request."""
        super().on_message_begin()
        self.scope["state"][ABORT] = self.transport.abort
        self._hurry_up()

    def on_headers_complete(self) -> None:
        """Go on: what follows has deadlines of its own."""
        self._take_time()
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """End a connection."""
        self._take_time()
        super().connection_lost(exc)

    def _hurry_up(self) -> None:
        self._take_time()
        self._hurry = self.loop.call_later(self.head_seconds, self.transport.abort)

    def _take_time(self) -> None:
        if self._hurry is not None:
            self._hurry.cancel()
            self._hurry = None


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
