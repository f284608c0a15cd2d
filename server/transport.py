"""The transport: uvicorn's protocols, made to give up a peer that does not read."""

import asyncio
from collections.abc import Sequence
from typing import Protocol

from uvicorn._types import ASGISendEvent
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request

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
    # The same in a server that stops.
    last_seconds = 2.0

    _hurry: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Begin a connection; its first request has to begin soon."""
        super().connection_made(transport)
        self._hurry_up(self.head_seconds)

    def on_message_begin(self) -> None:
        """Begin a request."""
        super().on_message_begin()
        self.scope["state"][ABORT] = self.transport.abort
        self._hurry_up(self.head_seconds)

    def on_headers_complete(self) -> None:
        """Go on: what follows has deadlines of its own."""
        self._take_time()
        super().on_headers_complete()

    def shutdown(self) -> None:
        """Close when what was asked is answered; a request that has begun to come, or never did, has a moment more."""
        if self._hurry is None:
            super().shutdown()
        else:
            self._hurry_up(self.last_seconds)

    def connection_lost(self, exc: Exception | None) -> None:
        """End a connection."""
        self._take_time()
        super().connection_lost(exc)

    def _hurry_up(self, seconds: float) -> None:
        self._take_time()
        self._hurry = self.loop.call_later(seconds, self.transport.abort)

    def _take_time(self) -> None:
        if self._hurry is not None:
            self._hurry.cancel()
            self._hurry = None


# In the state of a socket: its protocol, which sends texts at once to a peer that reads.
OUTLET = "outlet"

# How the size of a frame's payload is written (RFC 6455, section 5.2).
TEXT = 0x81
IN_TWO_BYTES, IN_EIGHT_BYTES = 126, 127
TWO_BYTES = 1 << 16


class Outlet(Protocol):
    """Where texts leave a socket."""

    def write(self, texts: Sequence[bytes], /) -> bool:
        """Send texts at once if the peer reads; says whether it did."""


class SocketProtocol(WebSocketsSansIOProtocol):
    """Sends texts without detours, and cuts a peer off that has not taken its leave some seconds after we took ours."""

    def handle_connect(self, event: Request) -> None:
        """Begin a socket; its application finds us in the state."""
        self.app_state = {**self.app_state, OUTLET: self}
        super().handle_connect(event)

    def write(self, texts: Sequence[bytes]) -> bool:
        """Send texts if the peer reads, in frames made at a fraction of the cost; says whether it did."""
        if not self.writable.is_set() or self.disconnected or self.close_sent or not self.handshake_complete:
            return False
        self.transport.write(b"".join(map(frame, texts)) if len(texts) > 1 else frame(texts[0]))
        return True

    async def send(self, message: ASGISendEvent) -> None:
        """Send a message of ASGI; the last word does not wait for a peer that does not read."""
        if message["type"] == "websocket.close":
            self.writable.set()
        await super().send(message)

    async def run_asgi(self) -> None:
        """Run the application, and see to it that the connection ends soon after it."""
        await super().run_asgi()
        if not self.disconnected:
            self.loop.call_later(FAREWELL_SECONDS, self._cut)

    def _cut(self) -> None:
        if not self.disconnected:
            self.transport.abort()


def frame(text: bytes) -> bytes:
    """A text as a frame of a server, whole and not masked."""
    size = len(text)
    if size < IN_TWO_BYTES:
        return b"%c%c%b" % (TEXT, size, text)
    if size < TWO_BYTES:
        return b"%c%c%b%b" % (TEXT, IN_TWO_BYTES, size.to_bytes(2), text)
    return b"%c%c%b%b" % (TEXT, IN_EIGHT_BYTES, size.to_bytes(8), text)
