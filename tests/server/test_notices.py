"""Notices: what a process says of itself reaches its supervisor, and nobody else has to listen."""

import asyncio
import os
import subprocess
import sys

from server.notices import VARIABLE, notify, open_notices
from tests.servers import ROOT

SAYING = "from server.notices import READY, notify; notify(READY)"


async def test_a_process_is_heard() -> None:
    """The supervisor learns which process is ready, also when it asks later."""
    with open_notices() as notices:
        listening = asyncio.create_task(notices.run())
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", SAYING), cwd=ROOT, env={**os.environ, VARIABLE: notices.address}
        )
        async with asyncio.timeout(20):
            await notices.ready(process.pid)
            await process.wait()
            await notices.ready(process.pid)
        listening.cancel()


def test_nobody_has_to_listen() -> None:
    """Without a supervisor, or with one that is gone, a process goes on as if nothing had been said."""
    notify("READY=1")
    gone = {**os.environ, VARIABLE: "/nowhere/notices"}
    finished = subprocess.run([sys.executable, "-c", SAYING], cwd=ROOT, env=gone, check=False, timeout=60)

    assert finished.returncode == 0
