"""Writing: batches, singles and latency, each against what the same machine does without us in the same run."""

from __future__ import annotations

import argparse
import asyncio
import math
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import asyncpg
import uvloop

from benchmarks.http import Client
from benchmarks.ingest import bare, spans
from benchmarks.ingest.records import CREATE_STEP, CREATE_TRACE, INGEST, batch, body, step
from benchmarks.read.growth import grow
from benchmarks.world import World, listening, report, world
from models.ids import new_id
from scripts.memory import free_port

BATCH = 500
SENDERS = 4
CLIENTS = 64
MIB = 1024


async def batches(here: World, seconds: float) -> None:
    """Rows per second through `ingest`, as a share of a bare loop that upserts the same rows."""
    project_id = await _project(here)
    bodies = [body(INGEST, {"steps": batch(BATCH)}) for _ in range(int(seconds * 40))]
    memory = _resident(here.server.pid)
    before = await bare.upserts(here.database_url, project_id, size=BATCH, seconds=seconds)
    ours = await _throughput(here.server.url, here.server.headers, bodies, SENDERS, seconds) * BATCH
    after = await bare.upserts(here.database_url, project_id, size=BATCH, seconds=seconds)
    baseline = (before + after) / 2
    report(
        "ingest.batches", rows_per_second=round(ours), bare_rows_per_second=round(baseline),
        ratio=round(ours / baseline, 3), at_least=0.45, n=len(bodies) * BATCH,
        resident_mib=[memory, _resident(here.server.pid)],
    )  # fmt: skip


async def exports(here: World, seconds: float) -> None:
    """Rows per second through OTLP, as a share of a bare loop that upserts the rows that come out of the same spans."""
    project_id = await _project(here)
    bodies = [spans.export(BATCH) for _ in range(int(seconds * 40))]
    rows = [spans.records(spans.export(BATCH)) for _ in range(int(seconds * 40))]
    before = await bare.upserts_of(rows[::2], here.database_url, project_id, seconds)
    ours = BATCH * await _throughput(
        here.server.url, here.server.headers, bodies, SENDERS, seconds,
        path="/v1/traces", content_type="application/x-protobuf",
    )  # fmt: skip
    after = await bare.upserts_of(rows[1::2], here.database_url, project_id, seconds)
    baseline = (before + after) / 2
    report(
        "ingest.exports", rows_per_second=round(ours), bare_rows_per_second=round(baseline),
        ratio=round(ours / baseline, 3), at_least=0.40, n=len(bodies) * BATCH,
    )  # fmt: skip


async def singles(here: World, seconds: float) -> None:
    """Mutations per second of 64 clients that each send one step after the other."""
    project_id = await _project(here)
    traces = [new_id() for _ in range(1_000)]
    bodies = [body(CREATE_STEP, step(traces[index % 1_000])) for index in range(int(seconds * 5_000))]
    others = [body(CREATE_STEP, step(traces[index % 1_000])) for index in range(int(seconds * 8_000))]
    ours = await _throughput(here.server.url, here.server.headers, bodies, CLIENTS, seconds)
    async with _handler(here, project_id) as url:
        handler = await _throughput(url, {}, others, CLIENTS, seconds)
    report(
        "ingest.singles", mutations_per_second=round(ours), at_least=2_500, handler_per_second=round(handler),
        ratio=round(ours / handler, 3), ratio_at_least=0.40, clients=CLIENTS,
    )  # fmt: skip
    late = await _paced(here, traces, rate=ours / 2, seconds=seconds)
    report(
        "ingest.latency_at_half_load", p50_ms=_milliseconds(late, 50), p99_ms=_milliseconds(late, 99), p99_limit_ms=10,
        rate=round(ours / 2), open_traces=len(traces), n=len(late),
    )  # fmt: skip


async def latency(here: World, count: int) -> None:
    """One `createTrace` after the other on an idle server, against a bare INSERT and COMMIT."""
    project_id = await _project(here)
    bodies = [body(CREATE_TRACE, {"id": new_id(), "name": "idle"}) for _ in range(2 * count)]
    taken = []
    async with Client(here.server.url, here.server.headers) as client:
        await bare.inserts(here.database_url, project_id, [new_id() for _ in range(50)])
        for request in [client.request("/graphql", each) for each in bodies[:count]]:
            begun = time.perf_counter()
            await client.send(request)
            taken.append(time.perf_counter() - begun)
        baseline = await bare.inserts(here.database_url, project_id, [new_id() for _ in range(count)])
    ours, theirs = statistics.median(taken), statistics.median(baseline)
    report(
        "ingest.latency", median_ms=round(ours * 1000, 3), bare_median_ms=round(theirs * 1000, 3),
        ratio=round(ours / theirs, 2), at_most=3, n=count,
    )  # fmt: skip


async def memory(here: World, steps: int) -> None:
    """What our process holds after the first tenth of so many steps, and after all of them."""
    held = []
    for share in (steps // 10, steps - steps // 10):
        bodies = (body(INGEST, {"steps": batch(BATCH)}) for _ in range(share // BATCH))
        await _throughput(here.server.url, here.server.headers, bodies, SENDERS, seconds=math.inf)
        held.append(_resident(here.server.pid))
    report("ingest.memory", steps=steps, resident_mib=held, growth_mib=held[1] - held[0])


async def growth(here: World, seconds: float, steps: int) -> None:
    """Rows per second into a table of so many steps, as a share of those into an empty one."""
    before = await _rows_per_second(here, seconds)
    connection = await asyncpg.connect(here.database_url)
    stored = await connection.fetchval("SELECT count(*) FROM trace_steps")
    await connection.close()
    await grow(here, math.ceil(steps / stored))
    after = await _rows_per_second(here, seconds)
    report(
        "ingest.growth", steps=[0, math.ceil(steps / stored) * stored], rows_per_second=[round(before), round(after)],
        ratio=round(after / before, 3), at_least=0.85,
    )  # fmt: skip


async def _rows_per_second(here: World, seconds: float) -> float:
    bodies = [body(INGEST, {"steps": batch(BATCH)}) for _ in range(int(seconds * 40))]
    return BATCH * await _throughput(here.server.url, here.server.headers, bodies, SENDERS, seconds)


async def _throughput(
    url: str,
    headers: dict[str, str],
    bodies: Iterable[bytes],
    clients: int,
    seconds: float,
    *,
    path: str = "/graphql",
    content_type: str = "application/json",
) -> float:
    waiting = iter(bodies)
    until = time.perf_counter() + seconds
    done = 0

    async def work(client: Client) -> None:
        nonlocal done
        for each in waiting:
            await client.send(client.request(path, each, content_type))
            done += 1
            if time.perf_counter() > until:
                return

    async with AsyncExitStack() as stack:
        opened = [await stack.enter_async_context(Client(url, headers)) for _ in range(clients)]
        begun = time.perf_counter()
        await asyncio.gather(*[work(client) for client in opened])
        return done / (time.perf_counter() - begun)


async def _paced(here: World, traces: Sequence[str], *, rate: float, seconds: float) -> list[float]:
    """Latencies at a steady rate, counted from when each request was due."""
    taken: list[float] = []
    free: asyncio.Queue[Client] = asyncio.Queue()

    async def one(due: float, each: bytes) -> None:
        client = await free.get()
        await client.send(client.request("/graphql", each))
        free.put_nowait(client)
        taken.append(time.perf_counter() - due)

    bodies = [body(CREATE_STEP, step(traces[index % len(traces)])) for index in range(int(rate * seconds))]
    async with AsyncExitStack() as stack, asyncio.TaskGroup() as group:
        for _ in range(CLIENTS):
            free.put_nowait(await stack.enter_async_context(Client(here.server.url, here.server.headers)))
        begun = time.perf_counter()
        for index, each in enumerate(bodies):
            due = begun + index / rate
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            group.create_task(one(due, each))
    return taken


@asynccontextmanager
async def _handler(here: World, project_id: str) -> AsyncIterator[str]:
    port = free_port()
    command = [sys.executable, "-m", "benchmarks.ingest.handler", here.database_url, project_id, str(port)]
    process = subprocess.Popen(command)
    try:
        await listening(port, process)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


async def _project(here: World) -> str:
    connection = await asyncpg.connect(here.database_url)
    project_id = await connection.fetchval("SELECT id::text FROM projects WHERE name = 'default'")
    await connection.close()
    return str(project_id)


def _resident(pid: int) -> int:
    """MiB that a process holds in memory."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) // MIB for line in lines if line.startswith("VmRSS"))


def _milliseconds(taken: Sequence[float], percent: int) -> float:
    return round(sorted(taken)[len(taken) * percent // 100] * 1000, 2)


async def main() -> None:
    """Run what is asked for."""
    parser = argparse.ArgumentParser(prog="scripts/bench ingest --", description=__doc__)
    parser.add_argument("--only", choices=["batches", "exports", "singles", "latency", "growth", "memory"])
    parser.add_argument("--steps", type=int, default=5_000_000, help="growth: how many there are in the end")
    parser.add_argument("--seconds", type=float, default=10.0, help="how long each measurement takes")
    options = parser.parse_args()
    with world() as here:
        if options.only in (None, "latency"):
            await latency(here, 500)
        if options.only in (None, "singles"):
            await singles(here, options.seconds)
        if options.only in (None, "batches"):
            await batches(here, options.seconds)
        if options.only in (None, "exports"):
            await exports(here, options.seconds)
        if options.only == "growth":
            await growth(here, options.seconds, options.steps)
        if options.only == "memory":
            await memory(here, 1_000_000)


if __name__ == "__main__":
    uvloop.run(main())
