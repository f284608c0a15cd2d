"""The process: uvicorn with our options, and a SIGTERM that drains before it stops."""

from __future__ import annotations

import asyncio
import signal
import socket
from types import FrameType

import uvicorn
import uvloop
from starlette.types import ASGIApp

from server.application import application, open_resources
from server.drain import Drain
from server.settings import Settings
from server.transport import RequestProtocol, SocketProtocol

# After the sockets have gone, requests under way have their own deadlines; nothing may hold us longer.
GRACEFUL_SECONDS = 15


class Process(uvicorn.Server):
    """Serves until it is signalled; then is not ready, drains, and stops. A second signal stops at once."""

    def __init__(self, config: uvicorn.Config, drain: Drain) -> None:
        super().__init__(config)
        self._drain = drain
        self._draining: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Remember the loop that signals have to reach."""
        self._loop = asyncio.get_running_loop()
        await super().startup(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002  the names are uvicorn's
        """Begin to drain. uvicorn's own handler would close every WebSocket in the same moment."""
        if self._loop is None or not self.started or self._drain.begun:
            self.force_exit = self._drain.begun and sig == signal.SIGINT
            self.should_exit = True
        else:
            self._loop.call_soon_threadsafe(self._begin)

    def _begin(self) -> None:
        if self._draining is None:
            self._draining = asyncio.get_running_loop().create_task(self._finish())

    async def _finish(self) -> None:
        await self._drain.run()
        self.should_exit = True


def serve(settings: Settings, database_url: str, redis_url: str) -> None:
    """Serve until told to stop. Raises Unavailable when the database does not answer at the start."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(settings, database_url, redis_url))


async def _serve(settings: Settings, database_url: str, redis_url: str) -> None:
    drain = Drain(settings.drain_seconds)
    async with open_resources(settings, database_url, redis_url) as resources:
        await Process(configuration(application(resources, settings, drain), settings), drain).serve()


def configuration(application: ASGIApp, settings: Settings) -> uvicorn.Config:
    """How uvicorn is to serve us."""
    return uvicorn.Config(
        application,
        host=settings.host,
        port=settings.port,
        http=RequestProtocol,
        ws=SocketProtocol,
        ws_max_size=settings.max_message_bytes,
        # Compressing costs three times as much as sending, and memory for each socket.
        ws_per_message_deflate=False,
        # Our own protocol pings, and sees who reads but does not answer.
        ws_ping_interval=None,
        # What has to be open is opened around the server, so that it is there before the port is.
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GRACEFUL_SECONDS,
    )
