"""Notices from a process to its supervisor: the datagrams of sd_notify, which systemd and our own workers speak."""

from __future__ import annotations

import asyncio
import os
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

READY = "READY=1"
STOPPING = "STOPPING=1"
VARIABLE = "NOTIFY_SOCKET"
LONGEST = 4_096


def notify(state: str) -> None:
    """Tell the supervisor, if there is one, how this process stands. Nobody listening is no reason to fail."""
    address = os.environ.get(VARIABLE)
    if not address:
        return
    place = "\0" + address[1:] if address.startswith("@") else address
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as speaker:
        speaker.setblocking(False)
        speaker.connect(place)
        speaker.send(f"{state}\nMAINPID={os.getpid()}".encode())


class Notices:
    """What the processes of a supervisor tell it."""

    def __init__(self, listener: socket.socket, address: str) -> None:
        self.address = address
        self._listener = listener
        self._ready: dict[int, asyncio.Event] = {}

    async def ready(self, pid: int) -> None:
        """Wait until this process says that it is ready."""
        await self._event(pid).wait()

    def forget(self, pid: int) -> None:
        """Drop what is known of a process that has ended."""
        self._ready.pop(pid, None)

    async def run(self) -> None:
        """Listen until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            lines = (await loop.sock_recv(self._listener, LONGEST)).decode(errors="replace").splitlines()
            pid = next((line.removeprefix("MAINPID=") for line in lines if line.startswith("MAINPID=")), "")
            if READY in lines and pid.isdecimal():
                self._event(int(pid)).set()

    def _event(self, pid: int) -> asyncio.Event:
        return self._ready.setdefault(pid, asyncio.Event())


@contextmanager
def open_notices() -> Iterator[Notices]:
    """A place that processes can send notices to."""
    with tempfile.TemporaryDirectory(prefix="tracegraph-") as folder:
        address = str(Path(folder) / "notices")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
            listener.bind(address)
            listener.setblocking(False)
            yield Notices(listener, address)
