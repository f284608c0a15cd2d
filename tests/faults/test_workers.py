"""Two workers are replaced and killed while clients write, read and follow."""

from __future__ import annotations

import asyncio
import os
import re
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from scripts.embedded import Postgres, Redis
from tests.faults.ledger import Verdict
from tests.faults.load import WRITERS
from tests.faults.scene import Scene, in_front, open_scene
from tests.waiting import until

READY = re.compile(r'"worker":(\d+),"event":"worker ready"|"event":"worker ready".*?"worker":(\d+)')


@pytest.fixture
async def crew(doomed_postgres: Postgres, doomed_redis: Redis, doomed_url: str, tmp_path: Path) -> AsyncIterator[Scene]:
    """Two workers behind one port."""
    server = in_front(doomed_url, doomed_redis, tmp_path, options=["--workers", "2"])
    server.start()
    async with open_scene(doomed_postgres, doomed_redis, server, tmp_path) as scene:
        yield scene
    server.stop()


def workers(scene: Scene) -> list[int]:
    """The processes that got ready so far, in that order."""
    return [int(found[0] or found[1]) for found in READY.findall(scene.server.log.read_text())]


async def test_a_rolling_restart_is_noticed_by_nobody(crew: Scene) -> None:
    """SIGHUP replaces both workers under load: no write fails, no event is lost or told twice."""
    async with crew.witnessed() as subscriber:
        await crew.ledger.more(Verdict.OK, 50)
        os.kill(crew.server.pid, signal.SIGHUP)
        await asyncio.to_thread(until, lambda: "workers replaced" in crew.server.log.read_text(), 60)
        await crew.ledger.more(Verdict.OK, 50)

    assert len(set(workers(crew))) == 4
    assert subscriber.connections > 1
    assert crew.ledger.counts[Verdict.FAIL] == 0
    # A request can meet its connection in the moment in which one of the two workers that leave closes it.
    assert crew.ledger.counts[Verdict.UNKNOWN] <= 2 * WRITERS


async def test_a_worker_that_is_killed_gets_a_successor(crew: Scene) -> None:
    """After kill -9 of one worker the other one goes on, a new one comes, and nothing acknowledged is lost."""
    async with crew.witnessed():
        await crew.ledger.more(Verdict.OK, 50)
        os.kill(workers(crew)[0], signal.SIGKILL)
        await asyncio.to_thread(until, lambda: len(workers(crew)) == 3, 60)
        await crew.ledger.more(Verdict.OK, 50)

    assert len(set(workers(crew))) == 3
