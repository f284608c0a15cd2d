"""Our server is killed while it commits, and started again."""

import asyncio

from tests.faults.ledger import Verdict
from tests.faults.scene import Scene

KILLS = 2


async def test_nothing_acknowledged_is_lost_when_the_server_is_killed(scene: Scene) -> None:
    """After kill -9 of the server during commits everything acknowledged is there, once, and was told, once."""
    async with scene.witnessed() as subscriber:
        for _ in range(KILLS):
            await scene.ledger.more(Verdict.OK, 100)
            scene.server.kill()
            await asyncio.to_thread(scene.server.start)
        await scene.ledger.more(Verdict.OK, 50)

    assert subscriber.connections > KILLS
    assert scene.ledger.counts[Verdict.UNKNOWN]
