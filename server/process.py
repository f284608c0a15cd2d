"""The process: uvicorn with our options, and a SIGTERM that drains before it stops."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import socket
import sys
from contextlib import suppress
from functools import partial
from types import FrameType

import uvicorn
import uvloop
from starlette.types import ASGIApp

from pubsub.supervision import in_background
from server.application import application, open_resources
from server.drain import Drain
from server.health import Preparation
from server.metrics import keep_looking_at_the_loop, keep_metrics, show
from server.notices import READY, STOPPING, notify
from server.settings import Settings
from server.transport import RequestProtocol, SocketProtocol

# After the sockets have gone, requests under way have their own deadlines; nothing may hold us longer.
GRACEFUL_SECONDS = 15

# How long clients that keep their connections have to notice that they should not.
LEAVING_SECONDS = 1.0
LOOK_SECONDS = 0.02
CLOSE = (b"connection", b"close")

# How soon a worker notices that its supervisor is gone.
ORPHANED_SECONDS = 1.0

GARBAGE = 20_000  # new objects, before anybody looks for cycles among them
SWITCH_SECONDS = 0.001


class Process(uvicorn.Server):
    """Serves until it is signalled; then is not ready, drains, and stops. A second signal stops at once.

    One that is `replaced` leaves its listening socket to others from the moment in which it begins to drain.
    """

    def __init__(
        self, config: uvicorn.Config, drain: Drain, preparation: Preparation, *, replaced: bool = False
    ) -> None:
        super().__init__(config)
        self._replaced = replaced
        self._drain = drain
        self._preparation = preparation
        self._draining: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Remember the loop that signals have to reach."""
        self._loop = asyncio.get_running_loop()
        await super().startup(sockets)
        self._announcing = self._loop.create_task(self._announce())

    async def leave_with(self, supervisor: int) -> None:
        """Begin to drain when the process that started this one is gone."""
        while os.getppid() == supervisor:  # noqa: ASYNC110  nobody tells a process that its parent is gone
            await asyncio.sleep(ORPHANED_SECONDS)
        self._begin()

    async def _announce(self) -> None:
        await self._preparation.finished.wait()
        notify(READY)

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
        notify(STOPPING)
        # Whoever asks once more is told to come back on another connection, which is another process's.
        self.config.encoded_headers.append(CLOSE)
        self.server_state.default_headers = [*self.server_state.default_headers, CLOSE]
        if self._replaced:
            self._stop_listening()
        await self._drain.run()
        # A balancer has seen by now that this server is not ready; whoever came before has to be heard.
        self._stop_listening()
        with suppress(TimeoutError):
            async with asyncio.timeout(LEAVING_SECONDS):
                while self.server_state.connections:  # noqa: ASYNC110  uvicorn tells nobody
                    await asyncio.sleep(LOOK_SECONDS)
        # What arrived while the loop was busy is read before connections count as idle.
        await asyncio.sleep(LOOK_SECONDS)
        self.should_exit = True

    def _stop_listening(self) -> None:
        for server in self.servers:
            server.close()


def serve(
    settings: Settings, database_url: str, redis_url: str, *, fd: int | None = None, supervisor: int | None = None
) -> None:
    """Serve until told to stop, on a socket that is listening already if `fd` is one, and until the supervisor is gone.

    Raises Unavailable when the database does not answer at the start.
    """
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(settings, database_url, redis_url, fd, supervisor or os.getppid()))


async def _serve(settings: Settings, database_url: str, redis_url: str, fd: int | None, supervisor: int) -> None:
    drain = Drain(settings.drain_seconds)
    async with open_resources(settings, database_url, redis_url) as resources:
        config = configuration(application(resources, settings, drain), settings)
        process = Process(config, drain, resources.preparation, replaced=fd is not None)
        _settle()
        show(resources.database, resources.admission.writer, drain, resources.broker.feeds)
        metrics = partial(keep_metrics, settings.host, settings.metrics_port)
        async with in_background(metrics, keep_looking_at_the_loop):
            await (process.serve() if fd is None else _serve_on(fd, supervisor, process))


async def _serve_on(fd: int, supervisor: int, process: Process) -> None:
    orphaned = asyncio.create_task(process.leave_with(supervisor))
    with socket.socket(fileno=fd) as listener:
        await process.serve([listener])
    orphaned.cancel()


def _settle() -> None:
    """Keep what works beside the loop from holding it up."""
    # What is there now stays: looking through it for garbage would take a tenth of a second, again and again.
    gc.collect()
    gc.freeze()
    # A batch makes thousands of objects that are gone by themselves: looking at every 700 of them is no use.
    gc.set_threshold(GARBAGE)
    # A thread that reads a long document hands the interpreter over when the loop has something to do.
    sys.setswitchinterval(SWITCH_SECONDS)


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
