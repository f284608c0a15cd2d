"""Latency among few and among many steps: the same pages, before and after the data grew."""

from __future__ import annotations

import statistics
import time
from collections.abc import Mapping
from typing import Any

import asyncpg
import orjson

from benchmarks.http import Client
from benchmarks.read.data import STEP_COLUMNS, TRACE_COLUMNS
from benchmarks.world import World, report

AT_ONCE = 50
PAGES = 1_000
ROUNDS = 60
AT_MOST = 1.5
SHIFT = 4_801  # milliseconds between a row and the next copy of it

SHOWN = "nodes { id name status startTime } pageInfo { hasNextPage endCursor }"
FILTERS: Mapping[str, tuple[str, str]] = {
    "first page": ("traces", ""),
    "first page of steps": ("steps", ""),
    "model and kind": ("steps", 'model: {eq: "gpt-5-mini"}, kind: {eq: LLM}'),
    "model that nobody used": ("steps", 'model: {eq: "nobody"}, kind: {eq: LLM}'),
    "model of a step": ("traces", 'anyStep: {model: {eq: "gpt-5-mini"}, kind: {eq: LLM}}'),
    "tag": ("traces", 'tags: {hasAll: ["asked"]}'),
    "tag that nobody used": ("traces", 'tags: {hasAll: ["nobody"]}'),
    "metadata path": ("traces", 'metadata: [{path: ["tenant"], eq: 7}]'),
    "metadata that nobody used": ("traces", 'metadata: [{path: ["tenant"], eq: 700}]'),
    "search": ("traces", 'search: "summary"'),
    "search of steps": ("steps", 'search: "summary naïve"'),
    "search that finds nothing": ("traces", 'search: "haystack"'),
}
THOUSANDTH = "page 1,000 of steps by cursor"

# The same id for the same id: its time later, the end of it another.
MOVED = """
CREATE FUNCTION pg_temp.moved(id uuid, by integer) RETURNS uuid LANGUAGE sql IMMUTABLE RETURN (
    lpad(to_hex(('x' || substr(replace(id::text, '-', ''), 1, 12))::bit(48)::bigint + by), 12, '0')
    || substr(replace(id::text, '-', ''), 13, 8) || substr(md5(id::text || by), 1, 12)
)::uuid
"""
ORIGINALS = "CREATE TEMPORARY TABLE {table}_original AS SELECT * FROM {table}"
COPIES = """
INSERT INTO {table} ({columns})
SELECT {values} FROM {table}_original, generate_series($1::integer, $2::integer) AS copy
"""
IDS = ("id", "trace_id", "parent_id", "first_step_id", "last_step_id")
TIMES = ("start_time", "end_time")


async def measure(here: World) -> dict[str, float]:
    """The median milliseconds of each page."""
    async with Client(here.server.url, here.server.headers) as client:
        pages = {name: await _median(client, _page(kind, given)) for name, (kind, given) in FILTERS.items()}
        pages[THOUSANDTH] = await _median(client, _page("steps", "", await _thousandth(client)))
    return pages


async def grow(here: World, times: int) -> None:
    """Make so many times as much of what there is, over the same days."""
    connection = await asyncpg.connect(here.database_url)
    try:
        await connection.execute(MOVED)
        for table, columns in (("traces", TRACE_COLUMNS), ("trace_steps", STEP_COLUMNS)):
            await connection.execute(ORIGINALS.format(table=table))
            sql = COPIES.format(table=table, columns=", ".join(columns), values=", ".join(map(_copied, columns)))
            for first in range(1, times, 7):
                await connection.execute(sql, first, min(first + 6, times - 1))
        await connection.execute("VACUUM ANALYZE traces, trace_steps")
    finally:
        await connection.close()


def tell(steps: int, times: int, before: Mapping[str, float], after: Mapping[str, float]) -> None:
    """Print what became of each page."""
    for name, milliseconds in after.items():
        report(
            "read.growth", page=name, steps=[steps, steps * times],
            median_ms=[round(before[name], 2), round(milliseconds, 2)],
            ratio=round(milliseconds / before[name], 2), at_most=AT_MOST, n=ROUNDS,
        )  # fmt: skip


def _copied(column: str) -> str:
    if column in IDS:
        return f"pg_temp.moved({column}, copy * {SHIFT})"
    return f"{column} + copy * interval '{SHIFT} milliseconds'" if column in TIMES else column


def _page(kind: str, given: str, after: str | None = None, size: int = AT_ONCE) -> bytes:
    document = (
        f"query page($after: Cursor) {{ {kind}(first: {size}, after: $after, filter: {{{given}}}) {{ {SHOWN} }} }}"
    )
    return orjson.dumps({"query": document, "variables": {"after": after}})


async def _median(client: Client, body: bytes) -> float:
    request, taken = client.request("/graphql", body), []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        _checked(await client.send(request))
        taken.append((time.perf_counter() - begun) * 1000)
        if sum(taken) > ROUNDS * 100:  # what takes so long does not need so many
            break
    return statistics.median(taken)


async def _thousandth(client: Client) -> str | None:
    after = None
    for _ in range(PAGES * AT_ONCE // 100):
        answer = _checked(await client.send(client.request("/graphql", _page("steps", "", after, 100))))
        after = answer["data"]["steps"]["pageInfo"]["endCursor"]
    return after


def _checked(body: bytes) -> dict[str, Any]:
    answer: dict[str, Any] = orjson.loads(body)
    if "errors" in answer:
        raise RuntimeError(f"A page was refused: {body[:500]!r}")
    return answer
