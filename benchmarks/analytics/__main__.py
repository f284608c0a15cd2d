"""Analytics: answers over millions of steps, against `percentile_cont` over the same steps in the same run.

The same is asked about a project with a tenth of the steps: an answer should take its buckets, not its steps.
"""

from __future__ import annotations

import argparse
import statistics
import time
from datetime import UTC, datetime

import asyncpg
import orjson
import uvloop

from benchmarks.analytics.data import STEPS_OF_EACH, Made, store
from benchmarks.analytics.live import live
from benchmarks.analytics.questions import QUESTIONS, Question
from benchmarks.analytics.rollups import roll_up
from benchmarks.http import Client
from benchmarks.world import World, report, world

ROUNDS = 7
LIVE = "live"
SIZE = "SELECT pg_database_size(current_database()) / 1048576"
PROJECT = """
INSERT INTO projects (id, name, created_at) VALUES (uuidv7(), $1, now())
ON CONFLICT (name) DO UPDATE SET name = excluded.name RETURNING id::text
"""
SETTINGS = {"max_wal_size": "2GB", "shared_buffers": "512MB", "work_mem": "32MB"}


async def prepared(here: World, project: str, steps: int, end: datetime) -> Made:
    """Store the steps of a project and their roll-ups."""
    connection = await asyncpg.connect(here.database_url)
    try:
        project_id = await connection.fetchval(PROJECT, project)
        made = Made(project_id=project_id, traces=steps // STEPS_OF_EACH, end=end)
        begun = time.perf_counter()
        await store(connection, made)
        stored = time.perf_counter()
        await connection.execute("VACUUM ANALYZE traces, trace_steps")
        await roll_up(connection, project_id, made.start, end)
        rolled = time.perf_counter()
        size = await connection.fetchval(SIZE)
        report(
            "analytics.data",
            steps=steps,
            mib=size,
            copied_seconds=round(stored - begun),
            rolled_up_seconds=round(rolled - stored),
        )
    finally:
        await connection.close()
    return made


async def measured(here: World, question: Question, made: Made) -> tuple[list[float], int]:
    """Milliseconds of each round, and the bytes of the answer."""
    taken, body = list[float](), b""
    async with Client(here.server.url, here.server.headers | {"x-tracegraph-project": made.project_id}) as client:
        request = client.request("/graphql", question.body(made.end))
        for _ in range(ROUNDS + 1):
            begun = time.perf_counter()
            body = await client.send(request)
            taken.append((time.perf_counter() - begun) * 1000)
    if "errors" in orjson.loads(body):
        raise RuntimeError(f"{question.name}: {body[:500]!r}")
    return taken[1:], len(body)


async def peered(here: World, question: Question, made: Made) -> float | None:
    """Milliseconds that PostgreSQL takes for the same over the steps, the better of two; None where nobody asks it."""
    if not question.sql:
        return None
    connection = await asyncpg.connect(here.database_url, server_settings={"jit": "off"})
    taken = list[float]()
    for _ in range(2):
        begun = time.perf_counter()
        for sql in question.sql:
            await connection.fetch(sql, made.project_id, made.end - question.length, made.end)
        taken.append((time.perf_counter() - begun) * 1000)
    await connection.close()
    return min(taken)


async def ask(here: World, question: Question, made: Made, tenth: Made) -> None:
    """Ask a question, and report what it took."""
    taken, size = await measured(here, question, made)
    fewer, _ = await measured(here, question, tenth)
    peer = await peered(here, question, made)
    median, of_tenth = statistics.median(taken), statistics.median(fewer)
    report(
        f"analytics.{question.name}", steps=made.traces * STEPS_OF_EACH, median_ms=round(median, 1),
        least_ms=round(min(taken), 1), limit_ms=question.limit_ms, bytes=size, rounds=ROUNDS,
        peer_ms=peer and round(peer), ratio=peer and round(median / peer, 4),
        tenth_ms=round(of_tenth, 1), growth=round(median / of_tenth, 2),
    )  # fmt: skip


async def main() -> None:
    """Run what is asked for."""
    parser = argparse.ArgumentParser(prog="scripts/bench analytics --", description=__doc__)
    names = [*(question.name for question in QUESTIONS), LIVE]
    parser.add_argument("--only", action="append", choices=names, help="what is measured; all of it by default")
    parser.add_argument("--steps", type=int, default=1_000_000, help="how many steps are stored")
    parser.add_argument("--seconds", type=float, default=20.0, help="how long steps are followed, each time")
    options = parser.parse_args()
    wanted = options.only or names
    end = datetime.now(UTC).replace(second=0, microsecond=0)
    with world(SETTINGS) as here:
        tenth = await prepared(here, "tenth", options.steps // 10, end)
        made = await prepared(here, "default", options.steps, end)
        for question in QUESTIONS:
            if question.name in wanted:
                await ask(here, question, made, tenth)
        if LIVE in wanted:
            await live(here, options.seconds)


if __name__ == "__main__":
    uvloop.run(main())
