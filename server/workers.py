"""Workers: several equal processes behind one listening socket, kept alive, and replaced one by one on SIGHUP."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from asyncio.subprocess import Process
from collections.abc import Iterable
from contextlib import suppress

import structlog

from server.notices import VARIABLE, Notices, open_notices
from server.settings import PREFIX, Settings

BACKLOG = 2_048
READY_SECONDS = 60.0
STOP_SECONDS = 40.0  # more than a process takes to drain and to finish what is under way
PAUSE_SECONDS = 1.0  # before a process that ended by itself is started again

log = structlog.get_logger()


class WorkerFailed(Exception):
    """A worker ended before it was ready; the argument is its status."""


class Workers:
    """The processes; each is a `python -m server serve` of its own, so that a replaced one runs the present code."""

    def __init__(self, settings: Settings, count: int, listener: socket.socket, notices: Notices) -> None:
        self._settings = settings
        self._count = count
        self._listener = listener
        self._notices = notices
        self._places: dict[int, Process] = {}
        self._told: asyncio.Queue[signal.Signals] = asyncio.Queue()
        self._keepers: set[asyncio.Task[None]] = set()
        self._stopping = False

    async def run(self) -> None:
        """Serve until SIGTERM or SIGINT. Raises WorkerFailed when the first processes do not get ready."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            loop.add_signal_handler(number, self._told.put_nowait, number)
        listening = asyncio.create_task(self._notices.run())
        try:
            await self._begin()
            while await self._told.get() is signal.SIGHUP:
                await self._replace_all()
        finally:
            self._stopping = True
            await self._stop(self._places.values())
            listening.cancel()

    async def _begin(self) -> None:
        """Start all, and return when all are ready or it is time to stop; a SIGHUP has to wait until then."""
        starting = asyncio.create_task(self._start_all())
        told = await self._told_while(starting)
        for number in told:
            self._told.put_nowait(number)
        if {signal.SIGTERM, signal.SIGINT}.isdisjoint(told):
            await starting
        else:
            starting.cancel()

    async def _told_while(self, starting: asyncio.Task[None]) -> list[signal.Signals]:
        """The signals that come while something starts, up to the first that ends it."""
        told: list[signal.Signals] = []
        while not starting.done() and (not told or told[-1] is signal.SIGHUP):
            next_told = asyncio.create_task(self._told.get())
            await asyncio.wait([starting, next_told], return_when=asyncio.FIRST_COMPLETED)
            if next_told.done():
                told.append(next_told.result())
            next_told.cancel()
        return told

    async def _start_all(self) -> None:
        # The first failure is ours; those who still start end with us.
        await asyncio.gather(*(self._start(place) for place in range(self._count)))

    async def _replace_all(self) -> None:
        """Put a new process in each place, one after the other; the old one goes when the new one is ready."""
        for place in range(self._count):
            old = self._places[place]
            try:
                await self._start(place)
            except (WorkerFailed, TimeoutError) as error:
                # What runs is better than what does not start.
                log.error("a new worker did not get ready; the old ones go on", place=place, reason=repr(error))  # noqa: TRY400  a traceback tells nothing here
                return
            await self._stop([old])
        log.info("workers replaced", count=self._count)

    async def _start(self, place: int) -> None:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "server", "serve", "--fd", str(self._listener.fileno())),
            *("--supervisor", str(os.getpid())),
            env=self._environment(place),
            pass_fds=[self._listener.fileno()],
            # Ctrl-C is for us: we tell them.
            start_new_session=True,
        )
        try:
            await self._until_ready(process)
        except BaseException:
            with suppress(ProcessLookupError):
                process.kill()
            raise
        self._places[place] = process
        log.info("worker ready", place=place, worker=process.pid)
        keeper = asyncio.create_task(self._keep(place, process))
        self._keepers.add(keeper)
        keeper.add_done_callback(self._keepers.discard)

    async def _until_ready(self, process: Process) -> None:
        ready = asyncio.create_task(self._notices.ready(process.pid))
        ended = asyncio.create_task(process.wait())
        try:
            async with asyncio.timeout(READY_SECONDS):
                await asyncio.wait([ready, ended], return_when=asyncio.FIRST_COMPLETED)
        finally:
            ready.cancel()
        if ended.done():
            raise WorkerFailed(process.returncode)

    async def _keep(self, place: int, process: Process) -> None:
        """See a process to its end; one that ended though nobody asked it to gets a successor."""
        status = await process.wait()
        self._notices.forget(process.pid)
        while self._places.get(place) is process and not self._stopping:
            log.error("a worker ended by itself", place=place, worker=process.pid, status=status)
            await asyncio.sleep(PAUSE_SECONDS)
            with suppress(WorkerFailed, TimeoutError):
                await self._start(place)

    async def _stop(self, processes: Iterable[Process]) -> None:
        leaving = [process for process in processes if process.returncode is None]
        for process in leaving:
            with suppress(ProcessLookupError):
                process.terminate()
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await asyncio.gather(*(process.wait() for process in leaving))
        except TimeoutError:
            for process in leaving:
                with suppress(ProcessLookupError):
                    process.kill()

    def _environment(self, place: int) -> dict[str, str]:
        environment = {**os.environ, VARIABLE: self._notices.address}
        if self._settings.metrics_port:
            environment[f"{PREFIX}METRICS_PORT"] = str(self._settings.metrics_port + place)
        return environment


def supervise(settings: Settings, count: int) -> None:
    """Serve with so many processes until told to stop. Raises WorkerFailed, and OSError when the port is taken."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    address = (settings.host, settings.port)
    with socket.create_server(address, family=family, backlog=BACKLOG) as listener, open_notices() as notices:
        asyncio.run(Workers(settings, count, listener, notices).run())
