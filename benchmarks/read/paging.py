"""How long everybody else waits while somebody reads a trace of 10,000 steps, page by page."""

from __future__ import annotations

import asyncio
import statistics
import time
from datetime import UTC, datetime, timedelta

import orjson

from benchmarks.http import Client
from benchmarks.read.data import Made, store
from benchmarks.read.questions import STEP
from benchmarks.world import World, report

STEPS = 10_000
PAGE = 1_000
READINGS = 5
AT_MOST_MS = 50
DOCUMENT = f"""
query pages($id: ID!, $after: Cursor) {{
  trace(id: $id) {{
    steps(first: {PAGE}, after: $after) {{ nodes {{ {STEP} input output }} pageInfo {{ hasNextPage endCursor }} }}
  }}
}}
"""


async def run(here: World, project_id: str) -> None:
    """Read the trace several times, and ask for next to nothing all the while."""
    made = Made(project_id, traces=1, steps_of_each=STEPS, end=datetime.now(UTC) - timedelta(hours=1))
    await store(here.database_url, made)
    idle = await _waits(here, asyncio.create_task(asyncio.sleep(2.0, 0)))
    reading = asyncio.create_task(_read(here, made.ids[0]))
    busy = await _waits(here, reading)
    report(
        "read.paging", steps=STEPS, page=PAGE, read=reading.result(), readings=READINGS,
        longest_ms=_milliseconds(max(busy)), median_ms=_milliseconds(statistics.median(busy)),
        idle_longest_ms=_milliseconds(max(idle)), at_most_ms=AT_MOST_MS, n=len(busy),
    )  # fmt: skip


async def _waits(here: World, until: asyncio.Task[int]) -> list[float]:
    """How long each of many small questions took, one after the other, until the task was done."""
    waits = []
    async with Client(here.server.url, here.server.headers) as client:
        request = client.request("/graphql", b'{"query":"{ __typename }"}')
        while not until.done():
            begun = time.perf_counter()
            await client.send(request)
            waits.append(time.perf_counter() - begun)
    return waits


async def _read(here: World, identity: str) -> int:
    read = 0
    async with Client(here.server.url, here.server.headers) as client:
        for _ in range(READINGS):
            after, more = None, True
            while more:
                body = orjson.dumps({"query": DOCUMENT, "variables": {"id": identity, "after": after}})
                page = orjson.loads(await client.send(client.request("/graphql", body)))["data"]["trace"]["steps"]
                read += len(page["nodes"])
                after, more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]
    return read


def _milliseconds(seconds: float) -> float:
    return round(seconds * 1000, 2)
