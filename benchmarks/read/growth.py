"""Latency among few and among many steps: the same pages, asked in turn of a small database and of a grown one."""

from __future__ import annotations

import statistics
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeAlias
from urllib.parse import urlsplit

import asyncpg
import orjson

from benchmarks.http import Client
from benchmarks.read.data import STEP_COLUMNS, TRACE_COLUMNS
from benchmarks.world import World, report, served

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


SMALL = "small"

Medians: TypeAlias = tuple[float, float]


@asynccontextmanager
async def small_world(here: World) -> AsyncIterator[World]:
    """A database beside that of the world, with a server of its own."""
    connection = await asyncpg.connect(here.database_url)
    await connection.execute(f"CREATE DATABASE {SMALL}")
    await connection.close()
    url = urlsplit(here.database_url)._replace(path=f"/{SMALL}").geturl()
    with served(here.folder, url, here.redis_url) as world:
        yield world


async def measure(small: World, grown: World) -> dict[str, Medians]:
    """The median milliseconds of each page, here and there."""
    async with (
        Client(small.server.url, small.server.headers) as few,
        Client(grown.server.url, grown.server.headers) as many,
    ):
        both = (few, many)
        pages = {name: await _medians(both, [_page(kind, given)] * 2) for name, (kind, given) in FILTERS.items()}
        pages[THOUSANDTH] = await _medians(both, [_page("steps", "", await _thousandth(client)) for client in both])
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


def tell(steps: int, times: int, pages: Mapping[str, Medians]) -> None:
    """Print what becomes of each page."""
    for name, (few, many) in pages.items():
        report(
            "read.growth", page=name, steps=[steps, steps * times], median_ms=[round(few, 2), round(many, 2)],
            ratio=round(many / few, 2), at_most=AT_MOST, n=ROUNDS,
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


async def _medians(clients: Sequence[Client], bodies: Sequence[bytes]) -> Medians:
    """One after the other in each round, so that a disturbance hits both."""
    requests = [client.request("/graphql", body) for client, body in zip(clients, bodies, strict=True)]
    taken: list[list[float]] = [[], []]
    for _ in range(ROUNDS):
        for client, request, each in zip(clients, requests, taken, strict=True):
            begun = time.perf_counter()
            _checked(await client.send(request))
            each.append((time.perf_counter() - begun) * 1000)
        if sum(map(sum, taken)) > ROUNDS * 200:  # what takes so long does not need so many
            break
    few, many = map(statistics.median, taken)
    return few, many


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
