"""The transport of WebSockets: uvicorn's, made to give up a peer that does not read."""

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

# Somewhat longer than uvicorn waits for the peer's half of the closing handshake.
FAREWELL_SECONDS = 12.0


class SocketProtocol(WebSocketsSansIOProtocol):
    """Cuts a peer off that has not taken its leave some seconds after we took ours.

    `transport.close()` waits until everything sent has been read. A peer that does not read would keep its connection,
    and what waits for it, for as long as it likes.
    """

    async def run_asgi(self) -> None:
        """Run the application, and see to it that the connection ends soon after it."""
        await super().run_asgi()
        if not self.disconnected:
            self.loop.call_later(FAREWELL_SECONDS, self._cut)

    def _cut(self) -> None:
        if not self.disconnected:
            self.transport.abort()
