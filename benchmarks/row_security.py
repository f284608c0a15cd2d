"""What row level security would cost as a second wall: reads with the policy and its setting, against reads without."""

from __future__ import annotations

import argparse
import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable

import asyncpg

from benchmarks.world import report, world
from models.ids import new_id

TRACES = 20_000
# constants only: what stands in these statements is written here.
FILL = """
INSERT INTO traces (project_id, id, name, status, start_time, created_at, updated_at)
SELECT $1, uuidv7(), 'run', 'OK', now() - number * interval '1 second', now(), now()
FROM generate_series(1, $2) AS number
"""
WALL = """
CREATE ROLE tenant;
GRANT SELECT ON traces TO tenant;
ALTER TABLE traces ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON traces TO tenant USING (project_id = current_setting('tracegraph.project')::uuid);
"""
PAGE = """
SELECT id, name, status, start_time FROM traces WHERE project_id = $1 ORDER BY start_time DESC, id DESC LIMIT 20
"""
ONE = "SELECT id, name, status, start_time FROM traces WHERE project_id = $1 AND id = $2"
BEHIND = "SELECT set_config('tracegraph.project', $1, true)"

Read = Callable[[], Awaitable[object]]


async def timed(reads: dict[str, Read], rounds: int) -> dict[str, float]:
    """The median of each, in microseconds, taken in turns."""
    took: dict[str, list[float]] = {name: [] for name in reads}
    for _ in range(rounds):
        for name, read in reads.items():
            began = time.perf_counter()
            await read()
            took[name].append((time.perf_counter() - began) * 1e6)
    return {name: statistics.median(values) for name, values in took.items()}


async def run(rounds: int) -> None:
    """Measure a page and a single trace."""
    with world() as here:
        plain, walled = [await asyncpg.connect(here.database_url) for _ in range(2)]
        project = new_id()
        await plain.execute(FILL, project, TRACES)
        await plain.execute("ANALYZE traces")
        await plain.execute(WALL)
        trace = await plain.fetchval("SELECT id FROM traces WHERE project_id = $1 LIMIT 1", project)
        await walled.execute("SET ROLE tenant")

        async def behind(sql: str, *values: object) -> object:
            async with walled.transaction():
                await walled.execute(BEHIND, project)
                return await walled.fetch(sql, *values)

        for name, sql, values in (("page", PAGE, (project,)), ("one", ONE, (project, trace))):
            reads: dict[str, Read] = {
                "plain": lambda sql=sql, values=values: plain.fetch(sql, *values),  # type: ignore[misc]  # bound now
                "walled": lambda sql=sql, values=values: behind(sql, *values),  # type: ignore[misc]  # bound now
            }
            took = await timed(reads, rounds)
            report("row_security", read=name, microseconds=took, ratio=took["walled"] / took["plain"], rounds=rounds)
        await walled.close()
        await plain.close()


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rounds", type=int, default=2_000)
    asyncio.run(run(arguments.parse_args().rounds))
