"""Exporting: rows per second of each format against COPY of the same columns, and what the server grows by."""

from __future__ import annotations

import argparse
import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import product

import asyncpg
import httpx
import uvloop
from psutil import Process

from benchmarks.read.data import Made, store
from benchmarks.world import World, report, world
from export.fields import FIELDS
from export.selection import ExportFormat, ExportKind

STEPS_OF_EACH = 20
ROUNDS = 2  # of COPY and NDJSON in turn, so that a disturbance hits both
CREATE = """
mutation Export($input: CreateExportInput!) { createExport(input: $input) { export { url } } }
"""
COPY = "SELECT {columns} FROM trace_steps WHERE project_id = $1 ORDER BY trace_id, id"
SETTINGS = {"jit": "off", "timezone": "UTC", "enable_sort": "off"}  # along the key, which is faster than to sort
SAMPLE_SECONDS = 0.02


class Peak:
    """The most memory that a process held while somebody looked."""

    def __init__(self, pid: int) -> None:
        self._process = Process(pid)
        self.before = self.most = self._process.memory_info().rss
        self._over = threading.Event()

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Look at it every few milliseconds."""
        watching = threading.Thread(target=self._watch)
        watching.start()
        try:
            yield
        finally:
            self._over.set()
            watching.join()

    def _watch(self) -> None:
        while not self._over.wait(SAMPLE_SECONDS):
            self.most = max(self.most, self._process.memory_info().rss)

    @property
    def growth(self) -> float:
        """Megabytes."""
        return (self.most - self.before) / 1e6


async def copied(url: str, project_id: str) -> float:
    """Rows per second of COPY to nowhere, of all columns that an export has, in the same order."""
    columns = ", ".join(field.column for field in FIELDS[ExportKind.STEPS])
    connection = await asyncpg.connect(url, server_settings=SETTINGS)

    async def ignore(_: bytes) -> None:
        return

    begun = time.perf_counter()
    told = await connection.copy_from_query(COPY.format(columns=columns), project_id, output=ignore)
    taken = time.perf_counter() - begun
    await connection.close()
    return int(told.split()[1]) / taken


async def downloaded(here: World, kind: ExportKind, form: ExportFormat) -> tuple[float, int]:
    """Seconds that a download of everything takes, and its size."""
    async with httpx.AsyncClient(base_url=here.server.url, headers=here.server.headers, trust_env=False) as client:
        wanted = {"input": {"kind": kind, "format": form}}
        answer = await client.post("/graphql", json={"query": CREATE, "variables": wanted})
        url = answer.json()["data"]["createExport"]["export"]["url"]
        begun, size, last = time.perf_counter(), 0, b""
        async with client.stream("GET", url, headers={"accept-encoding": "identity"}, timeout=60.0) as response:
            async for piece in response.aiter_raw():
                size += len(piece)
                last = (last + piece)[-200:]
        taken = time.perf_counter() - begun
    if form is ExportFormat.NDJSON and b'{"end"' not in last:
        raise RuntimeError("The download broke off.")
    return taken, size


async def run(here: World, options: argparse.Namespace) -> None:
    """Fill the database, then measure."""
    connection = await asyncpg.connect(here.database_url)
    project_id = await connection.fetchval("SELECT id::text FROM projects WHERE name = 'default'")
    await connection.close()
    made = Made(project_id, traces=options.steps // STEPS_OF_EACH, steps_of_each=STEPS_OF_EACH)
    await store(here.database_url, made)
    rows = {ExportKind.TRACES: len(made.ids), ExportKind.STEPS: len(made.ids) * STEPS_OF_EACH}
    rates: dict[str, list[float]] = {"copy": [], "ndjson": []}
    for kind, form in product(ExportKind, ExportFormat):
        peak = Peak(here.server.pid)
        with peak.watched():
            taken, size = await downloaded(here, kind, form)
        report(
            f"export.{kind.lower()}.{form.lower()}",
            rows=rows[kind],
            per_second=round(rows[kind] / taken),
            megabytes=round(size / 1e6),
            growth_megabytes=round(peak.growth, 1),
        )
    for _ in range(ROUNDS):
        rates["copy"].append(await copied(here.database_url, project_id))
        taken, _ = await downloaded(here, ExportKind.STEPS, ExportFormat.NDJSON)
        rates["ndjson"].append(options.steps / taken)
    best = {name: max(measured) for name, measured in rates.items()}
    per_second = {name: round(rate) for name, rate in best.items()}
    report("export.ratio", per_second=per_second, ratio=round(best["ndjson"] / best["copy"], 3), rounds=ROUNDS)


def main() -> None:
    """Read the options and run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=1_000_000, help="how many steps are stored and exported")
    options = parser.parse_args()
    with world() as here, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run(here, options))


if __name__ == "__main__":
    main()
