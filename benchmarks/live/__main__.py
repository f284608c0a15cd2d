"""Live: deliveries against Mercurius, idle watchers, groups against watchers, catching up, and what writers notice."""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import time
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import asyncpg
import uvloop
from psutil import Process

from benchmarks.http import Client
from benchmarks.live.peer import peer
from benchmarks.live.watchers import Crowd, watching
from benchmarks.npm import CACHE
from benchmarks.world import World, report, world
from pubsub import cursor

SELECTION = "cursor type ... on TraceStarted { trace { id name status startTime } }"
OURS = f"subscription {{ events(types: [TRACE_STARTED]) {{ {SELECTION} }} }}"
THEIRS = "subscription { events { cursor type trace { id name status startTime } } }"
RECORD = "mutation ($name: String!) { createTrace(input: { name: $name }) { trace { id } } }"
RECORD_THEIRS = "mutation ($name: String!) { record(name: $name) }"
FILTERED = f"""subscription ($user: String!) {{
  events(filter: {{ userId: {{ ne: $user }} }}, types: [TRACE_STARTED]) {{ {SELECTION} }}
}}"""
RESUMED = f"subscription ($after: Cursor!) {{ events(after: $after) {{ {SELECTION} }} }}"


ELSEWHERE = f'subscription {{ events(filter: {{ userId: {{ eq: "nobody" }} }}) {{ {SELECTION} }} }}'
INGEST = "mutation ($input: IngestInput!) { ingest(input: $input) { accepted } }"
HEAD = "SELECT coalesce(max(position), 0) FROM event_heads WHERE project_id = $1"
GROUPS = (1, 10, 50)
BATCH = 500  # traces, each of which makes two events


@dataclass(frozen=True, kw_only=True)
class Contender:
    """Somebody who tells what happens."""

    name: str
    url: str
    pid: int
    query: str
    record: str
    headers: Mapping[str, str] = field(default_factory=dict)

    def recording(self, client: Client, name: str) -> bytes:
        """The request that lets something happen."""
        body = {"query": self.record, "variables": {"name": name}}
        return client.request("/graphql", json.dumps(body).encode())

    @property
    def cpu_seconds(self) -> float:
        """What it has used so far."""
        times = Process(self.pid).cpu_times()
        return float(times.user + times.system)

    @property
    def memory_bytes(self) -> int:
        """What it takes now."""
        return int(Process(self.pid).memory_info().rss)


@dataclass(frozen=True, kw_only=True)
class Told:
    """What telling cost."""

    cpu_seconds: float
    events: int
    crowd: Crowd

    @property
    def cpu_per_delivery(self) -> float:
        """In microseconds."""
        return self.cpu_seconds * 1e6 / max(1, len(self.crowd.latencies))


async def tell(contender: Contender, crowd: Crowd, watchers: int, *, seconds: float, rate: float) -> Told:
    """Let things happen at a steady rate, and wait until everybody has seen everything."""
    async with Client(contender.url, contender.headers) as client:
        await _meet(contender, client, crowd, watchers)
        crowd.latencies.clear()
        crowd.told.clear()
        before, events = contender.cpu_seconds, int(seconds * rate)
        begun = time.perf_counter()
        for number in range(events):
            await asyncio.sleep(max(0.0, begun + number / rate - time.perf_counter()))
            crowd.sent[number] = time.perf_counter()
            await client.send(contender.recording(client, f"n{number}"))
        await crowd.sees(events - 1, watchers)
        spent = contender.cpu_seconds - before
    missing = [number for number in range(events) if crowd.told.get(number) != watchers]
    if missing:
        raise RuntimeError(f"{contender.name} told {len(missing)} of {events} things not just once to each")
    return Told(cpu_seconds=spent, events=events, crowd=crowd)


async def _meet(contender: Contender, client: Client, crowd: Crowd, watchers: int) -> None:
    """Nobody tells that a subscription has begun: until all watchers see the same thing."""
    for number in range(10**6, 10**6 + 50):
        await client.send(contender.recording(client, f"n{number}"))
        await asyncio.sleep(0.3)
        if crowd.told.get(number) == watchers:
            return
    raise RuntimeError(f"{crowd.told.get(number)} of {watchers} watchers see anything; {crowd.lost[:3]}")


async def fan_out(contenders: Sequence[Contender], options: argparse.Namespace) -> None:
    """A thousand watchers of the same, twenty things a second."""
    cpu: dict[str, list[float]] = {contender.name: [] for contender in contenders}
    latencies: dict[str, list[float]] = {contender.name: [] for contender in contenders}
    for _ in range(options.rounds):
        for contender in contenders:
            queries = [contender.query] * options.watchers
            async with watching(contender.url, contender.headers, queries) as crowd:
                told = await tell(contender, crowd, options.watchers, seconds=options.seconds, rate=options.rate)
                cpu[contender.name].append(told.cpu_per_delivery)
                latencies[contender.name] += told.crowd.latencies
    best = {name: min(each) for name, each in cpu.items()}
    report(
        "live.fan_out",
        watchers=options.watchers,
        per_second=options.rate,
        cpu_microseconds_per_delivery={name: round(each, 1) for name, each in best.items()},
        ratios={name: round(best["ours"] / each, 3) for name, each in best.items() if name != "ours"},
        milliseconds={name: _quantiles(each) for name, each in latencies.items()},
        lost=0,
        rounds=options.rounds,
        seconds=options.seconds,
    )


async def idle(ours: Contender, options: argparse.Namespace) -> None:
    """Watchers to whom nothing happens."""
    async with watching(ours.url, ours.headers, [ours.query] * 100):
        before = ours.memory_bytes
        async with watching(ours.url, ours.headers, [ours.query] * options.idle):
            await asyncio.sleep(1.0)
            each = (ours.memory_bytes - before) / options.idle
            spent, begun = ours.cpu_seconds, time.perf_counter()
            await asyncio.sleep(5.0)
            share = (ours.cpu_seconds - spent) / (time.perf_counter() - begun)
    report(
        "live.idle", watchers=options.idle, kilobytes_each=round(each / 1000, 1), limit=45, cpu_share=round(share, 3)
    )


async def groups(ours: Contender, options: argparse.Namespace) -> None:
    """What an event costs, by how many watch and in how many groups; sending apart, groups count and watchers don't."""
    costs: dict[int, dict[int, float]] = {}
    for watchers in sorted({50, 200, options.watchers}):
        for number in GROUPS:
            variables = [{"user": f"user {each}"} for each in range(number)]
            async with watching(ours.url, ours.headers, [FILTERED] * watchers, variables) as crowd:
                told = await tell(ours, crowd, watchers, seconds=options.seconds, rate=options.rate)
            each = costs.setdefault(watchers, {})[number] = told.cpu_seconds * 1e6 / told.events
            report(
                "live.groups",
                watchers=watchers,
                groups=number,
                cpu_microseconds_per_event=round(each),
                cpu_microseconds_per_delivery=round(told.cpu_per_delivery, 1),
            )
    few, many = min(costs), max(costs)
    added = {watchers: _slope(each) for watchers, each in costs.items()}
    report(
        "live.groups.curve",
        cpu_microseconds_per_added_group={watchers: round(each) for watchers, each in added.items()},
        cpu_microseconds_per_added_watcher=round(_slope({count: each[GROUPS[0]] for count, each in costs.items()}), 1),
        ratios={f"a group of {many} watchers to one of {few}": round(added[many] / added[few], 3)},
    )


async def catch_up(ours: Contender, here: World, options: argparse.Namespace) -> None:
    """Somebody comes back from far behind, while others are told what happens."""
    project_id = await _project(here)
    start = await _head(here, project_id)
    async with Client(ours.url, ours.headers) as client:
        for _ in range(options.behind // BATCH // 2):
            traces = [{"id": str(uuid4()), "name": "past", "status": "OK"} for _ in range(BATCH)]
            body = {"query": INGEST, "variables": {"input": {"traces": traces}}}
            await client.send(client.request("/graphql", json.dumps(body).encode()))
    missed = await _head(here, project_id) - start
    variables = [{"after": cursor.encode(project_id, start)}]
    async with watching(ours.url, ours.headers, [ours.query] * 100) as others:
        calm = await tell(ours, others, 100, seconds=3.0, rate=options.rate)
        before = _quantiles(calm.crowd.latencies)
        telling = asyncio.create_task(tell(ours, others, 100, seconds=6.0, rate=options.rate))
        begun = time.perf_counter()
        async with watching(ours.url, ours.headers, [RESUMED], variables) as back:
            await back.hears(missed)
            taken = time.perf_counter() - begun
        during = _quantiles((await telling).crowd.latencies)
    report(
        "live.catch_up",
        events=missed,
        per_second=round(missed / taken),
        limit=20_000,
        milliseconds_of_others={"before": before, "during": during},
    )


async def writers(ours: Contender, options: argparse.Namespace) -> None:
    """How many traces are written in a second while nobody watches, and while many watch for those of somebody else."""
    rates: dict[str, list[float]] = {"alone": [], "watched": []}
    for _ in range(options.rounds):
        rates["alone"].append(await _written(ours))
        async with watching(ours.url, ours.headers, [ELSEWHERE] * options.watchers):
            rates["watched"].append(await _written(ours))
    pairs = [watched / alone for alone, watched in zip(rates["alone"], rates["watched"], strict=True)]
    report(
        "live.writers",
        watchers=options.watchers,
        per_second={name: [round(rate) for rate in each] for name, each in rates.items()},
        # Of rounds beside each other, for a machine is not the same from one minute to the next.
        ratios={"alone": round(statistics.median(pairs), 3)},
        limit=0.7,
    )


async def _written(ours: Contender, seconds: float = 4.0, clients: int = 16) -> float:
    until, done = time.perf_counter() + seconds, 0

    async def write(client: Client) -> None:
        nonlocal done
        while time.perf_counter() < until:
            await client.send(ours.recording(client, "written"))
            done += 1

    async with AsyncExitStack() as stack:
        opened = [await stack.enter_async_context(Client(ours.url, ours.headers)) for _ in range(clients)]
        await asyncio.gather(*[write(client) for client in opened])
    return done / seconds


async def _project(here: World) -> str:
    return str(await _value(here, "SELECT id::text FROM projects WHERE name = 'default'"))


async def _head(here: World, project_id: str) -> int:
    return int(str(await _value(here, HEAD, project_id)))


async def _value(here: World, sql: str, *values: object) -> object:
    connection = await asyncpg.connect(here.database_url)
    try:
        return await connection.fetchval(sql, *values)
    finally:
        await connection.close()


def _slope(costs: Mapping[int, float]) -> float:
    """What one more costs, between the fewest and the most."""
    few, many = min(costs), max(costs)
    return (costs[many] - costs[few]) / max(1, many - few)


def _quantiles(seconds: Sequence[float]) -> dict[str, float]:
    cut = statistics.quantiles(seconds, n=100)
    return {"p50": round(cut[49] * 1e3, 1), "p99": round(cut[98] * 1e3, 1)}


async def run(here: World, options: argparse.Namespace) -> None:
    """Measure what is asked for."""
    shown = {**here.server.headers, "x-tracegraph-project": "default"}
    ours = Contender(name="ours", url=here.server.url, pid=here.server.pid, query=OURS, record=RECORD, headers=shown)
    wanted = options.only or ["fan_out", "idle", "groups", "catch_up", "writers"]
    async with AsyncExitStack() as stack:
        if "fan_out" in wanted:
            contenders = [ours]
            if options.peer:
                url, pid = await stack.enter_async_context(peer(here.redis_url, options.cache))
                contenders.append(Contender(name="mercurius", url=url, pid=pid, query=THEIRS, record=RECORD_THEIRS))
            await fan_out(contenders, options)
        if "idle" in wanted:
            await idle(ours, options)
        if "groups" in wanted:
            await groups(ours, options)
        if "catch_up" in wanted:
            await catch_up(ours, here, options)
        if "writers" in wanted:
            await writers(ours, options)


async def main() -> None:
    """Run what is asked for."""
    parser = argparse.ArgumentParser(prog="scripts/bench live --", description=__doc__)
    parser.add_argument("--only", action="append", choices=["fan_out", "idle", "groups", "catch_up", "writers"])
    parser.add_argument("--watchers", type=int, default=1_000, help="how many watch")
    parser.add_argument("--idle", type=int, default=5_000, help="how many watch while nothing happens")
    parser.add_argument("--behind", type=int, default=100_000, help="how many events somebody has missed")
    parser.add_argument("--rate", type=float, default=20.0, help="things that happen in a second")
    parser.add_argument("--seconds", type=float, default=8.0, help="how long each round takes")
    parser.add_argument("--rounds", type=int, default=2, help="of each contender in turn")
    parser.add_argument("--peer", action="store_true", help="compare with Mercurius from npm too")
    parser.add_argument("--cache", type=Path, default=CACHE, help="where it is installed")
    options = parser.parse_args()
    with world() as here:
        await run(here, options)


if __name__ == "__main__":
    uvloop.run(main())
