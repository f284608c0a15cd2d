"""Live analytics: how long after it was sent a step shows in the figures that somebody follows."""

from __future__ import annotations

import asyncio
import statistics
import time
from dataclasses import dataclass, field

import orjson
from websockets.asyncio.client import ClientConnection

from benchmarks.http import Client
from benchmarks.ingest.records import INGEST, batch, body
from benchmarks.world import World, report
from tests.faults.sockets import introduced

PROJECT = "default"
PER_SECOND, BATCH = 1_000, 20
LIMIT_MS = 1_000
PATIENCE = 20.0
FOLLOWED = """
subscription ($every: Duration!) {
  analytics(window: "PT1H", every: $every, groupBy: [MODEL]) {
    totals { stepCount cost durationMs { p50 p95 } } groups { key { value } metrics { stepCount errorRate } }
  }
}
"""


@dataclass(kw_only=True)
class Watch:
    """When each batch was sent, and how many milliseconds later its steps were counted; they are sent in turn."""

    before: int | None = None
    sent: list[float] = field(default_factory=list)
    latencies: list[float] = field(default_factory=list)
    answers: int = 0
    _told: asyncio.Event = field(default_factory=asyncio.Event)

    def see(self, steps: int) -> None:
        """Take note of an answer with so many steps."""
        self.answers += 1
        if self.before is None:
            self.before = steps
        counted, now = (steps - self.before) // BATCH, time.perf_counter()
        self.latencies += [(now - sent) * 1000 for sent in self.sent[len(self.latencies) : counted]]
        self._told.set()

    async def sees(self, batches: int) -> None:
        """Wait until there was an answer, and it counted so many batches."""
        while self.before is None or len(self.latencies) < batches:
            self._told.clear()
            await self._told.wait()


async def live(here: World, seconds: float) -> None:
    """A thousand steps a second, and somebody who follows them as often as by default, and twice as often."""
    for every in ("PT1S", "PT0.5S"):
        watch = Watch()
        socket = await introduced(here.server, PROJECT)
        following = asyncio.create_task(_follow(socket, every, watch))
        try:
            taken = await _write(here, watch, seconds)
        finally:
            following.cancel()
            await socket.close()
        cut = statistics.quantiles(watch.latencies, n=100)
        report(
            "analytics.live", every=every, steps_per_second=round(len(watch.sent) * BATCH / taken), seconds=seconds,
            answers=watch.answers, p50_ms=round(cut[49]), p99_ms=round(cut[98]), limit_ms=LIMIT_MS,
        )  # fmt: skip


async def _follow(socket: ClientConnection, every: str, watch: Watch) -> None:
    payload = {"query": FOLLOWED, "variables": {"every": every}}
    await socket.send(orjson.dumps({"id": "1", "type": "subscribe", "payload": payload}).decode())
    async for text in socket:
        message = orjson.loads(text)
        if message["type"] == "next":
            watch.see(message["payload"]["data"]["analytics"]["totals"]["stepCount"])
        elif message["type"] == "error":
            raise RuntimeError(str(message))


async def _write(here: World, watch: Watch, seconds: float) -> float:
    """How many seconds it took to send everything; all of it was seen after that."""
    batches = int(seconds * PER_SECOND / BATCH)
    async with (
        Client(here.server.url, here.server.headers | {"x-tracegraph-project": PROJECT}) as client,
        asyncio.timeout(seconds * 2 + PATIENCE),
    ):
        await watch.sees(0)
        begun = time.perf_counter()
        for number in range(batches):
            # Made as it is sent: steps start when they do.
            request = client.request("/graphql", body(INGEST, {"steps": batch(BATCH)}))
            await asyncio.sleep(max(0.0, begun + number * BATCH / PER_SECOND - time.perf_counter()))
            watch.sent.append(time.perf_counter())
            await client.send(request)
        taken = time.perf_counter() - begun
        await watch.sees(batches)
    return taken
