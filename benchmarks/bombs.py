"""Documents that are made to be expensive: what each costs, and what a normal client notices of eight at a time."""

from __future__ import annotations

import argparse
import asyncio
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from itertools import count

import orjson
import uvloop

from benchmarks.http import Client
from benchmarks.world import World, report, world
from tests.operations.bombs import BOMBS

AT_ONCE = 8
TOO_MANY = 429  # long documents that wait to be read
LIMIT_MILLISECONDS = 50
NORMAL = "query normal { viewer { scopes } traces(first: 20) { nodes { id name status } } }"
fresh = count()


def anew(document: str) -> bytes:
    """The document as nobody has sent it yet: what was read before costs nothing."""
    return orjson.dumps({"query": f"#{next(fresh)}\n{document}"})


async def alone(client: Client, name: str, rounds: int) -> None:
    """How long one bomb takes when nothing else happens."""
    taken = []
    for _ in range(rounds):
        request = client.request("/graphql", anew(BOMBS[name][0]))
        begun = time.perf_counter()
        await client.send(request)
        taken.append((time.perf_counter() - begun) * 1_000)
    best = min(taken)
    ratio = best / LIMIT_MILLISECONDS
    report(f"bombs.{name}", milliseconds=round(best, 1), share_of_limit=round(ratio, 2), rounds=rounds)


async def latencies(client: Client, until: asyncio.Event) -> list[float]:
    """The milliseconds that a normal client waits for each answer, until it is told to stop."""
    request = client.request("/graphql", orjson.dumps({"query": NORMAL}))
    taken = []
    while not until.is_set():
        begun = time.perf_counter()
        await client.send(request)
        taken.append((time.perf_counter() - begun) * 1_000)
        await asyncio.sleep(0.005)
    return taken


async def beside(here: World, seconds: float) -> None:
    """What a normal client waits while nothing else happens, and while eight clients send one bomb after another."""
    async with AsyncExitStack() as stack:
        clients = [
            await stack.enter_async_context(Client(here.server.url, here.server.headers)) for _ in range(AT_ONCE + 1)
        ]
        quiet, _ = await _measured(clients[0], [], seconds)
        busy, bombs = await _measured(clients[0], clients[1:], seconds)
    within = sum(each <= LIMIT_MILLISECONDS for each in bombs)
    report(
        "bombs.beside",
        quiet_milliseconds={"p50": _quantile(quiet, 0.5), "p99": _quantile(quiet, 0.99)},
        busy_milliseconds={"p50": _quantile(busy, 0.5), "p99": _quantile(busy, 0.99), "max": _quantile(busy, 1)},
        ratio_of_medians=round(_quantile(busy, 0.5) / _quantile(quiet, 0.5), 2),
        bombs_milliseconds={"p50": _quantile(bombs, 0.5), "p99": _quantile(bombs, 0.99), "max": _quantile(bombs, 1)},
        bombs_within_limit=round(within / len(bombs), 3),
        bombs=len(bombs),
        at_once=AT_ONCE,
        answers=len(busy),
        seconds=seconds,
    )


async def _measured(normal: Client, hostile: Sequence[Client], seconds: float) -> tuple[list[float], list[float]]:
    """The milliseconds of each answer to the normal client, and to the hostile ones."""
    over, taken = asyncio.Event(), list[float]()

    async def bombard(client: Client, start: int) -> None:
        documents = [document for document, _ in BOMBS.values()]
        for number in count(start):
            if over.is_set():
                return
            request = client.request("/graphql", anew(documents[number % len(documents)]))
            begun = time.perf_counter()
            await client.send(request, (200, TOO_MANY))
            taken.append((time.perf_counter() - begun) * 1_000)

    async with asyncio.TaskGroup() as tasks:
        measured = tasks.create_task(latencies(normal, over))
        for number, client in enumerate(hostile):
            tasks.create_task(bombard(client, number * 3))
        await asyncio.sleep(seconds)
        over.set()
    return measured.result(), taken


def _quantile(values: Sequence[float], share: float) -> float:
    return round(sorted(values)[round(share * (len(values) - 1))], 2)


async def main() -> None:
    """Run what is asked for."""
    parser = argparse.ArgumentParser(prog="scripts/bench bombs --", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="how often each is sent; the best counts")
    parser.add_argument("--seconds", type=float, default=5.0, help="how long a normal client is watched")
    options = parser.parse_args()
    with world() as here:
        async with Client(here.server.url, here.server.headers) as client:
            for name in BOMBS:
                await alone(client, name, options.rounds)
        await beside(here, options.seconds)


if __name__ == "__main__":
    uvloop.run(main())
