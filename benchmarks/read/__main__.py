"""Reading: pages of traces and steps, against a handler written by hand, and PostGraphile if asked, in the same run."""

from __future__ import annotations

import argparse
import asyncio
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg
import uvloop
from psutil import Process

from benchmarks.http import Client
from benchmarks.npm import CACHE
from benchmarks.read import growth, paging
from benchmarks.read.data import Made, store
from benchmarks.read.peer import peer
from benchmarks.read.questions import Question, questions
from benchmarks.world import World, listening, report, world
from scripts.memory import free_port

STEPS_OF_EACH = 20
ROUNDS = 3  # of everybody in turn, so that a disturbance hits them all


@dataclass(frozen=True, kw_only=True)
class Contender:
    """Somebody who answers: where, with which headers, and in whose words."""

    name: str
    url: str
    pid: int
    headers: Mapping[str, str] = field(default_factory=dict)
    in_own_words: bool = False

    def body(self, question: Question) -> bytes:
        """The request for a question."""
        return question.body(question.peers if self.in_own_words else question.ours)


@dataclass(frozen=True, kw_only=True)
class Round:
    """What one round of requests gave."""

    per_second: float
    cpu_microseconds: float


async def compare(question: Question, contenders: Sequence[Contender], *, seconds: float, clients: int) -> None:
    """Requests per second of everybody, ours as a share of each, and what CPU a request costs the server."""
    rounds: dict[str, list[Round]] = {contender.name: [] for contender in contenders}
    sizes: dict[str, int] = {}
    for contender in contenders:
        sizes[contender.name] = await _size(contender, question)
        await _round(contender, question, seconds=min(seconds, 1.0), clients=clients)
    for _ in range(ROUNDS):
        for contender in contenders:
            rounds[contender.name].append(await _round(contender, question, seconds=seconds, clients=clients))
    rates = {name: max(each.per_second for each in measured) for name, measured in rounds.items()}
    cpu = {name: min(each.cpu_microseconds for each in measured) for name, measured in rounds.items()}
    report(
        f"read.{question.name}",
        per_second={name: round(rate) for name, rate in rates.items()},
        ratios={name: round(rates["ours"] / rate, 3) for name, rate in rates.items() if name != "ours"},
        cpu_microseconds={name: round(microseconds) for name, microseconds in cpu.items()},
        bytes=sizes,
        clients=clients,
        rounds=ROUNDS,
        seconds=seconds,
    )


async def _round(contender: Contender, question: Question, *, seconds: float, clients: int) -> Round:
    spent = _cpu_seconds(contender.pid)
    until = time.perf_counter() + seconds
    done = 0

    async def work(client: Client, request: bytes) -> None:
        nonlocal done
        while time.perf_counter() < until:
            await client.send(request)
            done += 1

    async with AsyncExitStack() as stack:
        opened = [await stack.enter_async_context(Client(contender.url, contender.headers)) for _ in range(clients)]
        begun = time.perf_counter()
        await asyncio.gather(*[work(client, client.request("/graphql", contender.body(question))) for client in opened])
        taken = time.perf_counter() - begun
    return Round(per_second=done / taken, cpu_microseconds=(_cpu_seconds(contender.pid) - spent) * 1_000_000 / done)


def _cpu_seconds(pid: int) -> float:
    times = Process(pid).cpu_times()
    return float(times.user + times.system)


async def _size(contender: Contender, question: Question) -> int:
    async with Client(contender.url, contender.headers) as client:
        body = await client.send(client.request("/graphql", contender.body(question)))
    if b'"errors"' in body:
        raise RuntimeError(f"{contender.name} can't answer {question.name}: {body[:500]!r}")
    return len(body)


@asynccontextmanager
async def _started(name: str, module: str, *arguments: str) -> AsyncIterator[Contender]:
    port = free_port()
    process = subprocess.Popen([sys.executable, "-m", module, *arguments, str(port)])
    try:
        await listening(port, process)
        yield Contender(name=name, url=f"http://127.0.0.1:{port}", pid=process.pid)
    finally:
        process.terminate()
        process.wait()


async def _filled(here: World, steps: int) -> Made:
    connection = await asyncpg.connect(here.database_url)
    project_id = await connection.fetchval("SELECT id::text FROM projects WHERE name = 'default'")
    await connection.close()
    made = Made(project_id, traces=steps // STEPS_OF_EACH, steps_of_each=STEPS_OF_EACH)
    await store(here.database_url, made)
    return made


async def run(here: World, options: argparse.Namespace) -> None:
    """Fill the database and ask everybody everything."""
    made = await _filled(here, options.steps)
    if options.only == "paging":
        await paging.run(here, made.project_id)
        return
    if options.only == "growth":
        async with growth.small_world(here) as small:
            await _filled(small, options.steps)
            await growth.grow(here, options.times)
            growth.tell(options.steps, options.times, await growth.measure(small, here))
        return
    async with AsyncExitStack() as stack:
        by_hand = _started("by hand", "benchmarks.read.handler", here.database_url, made.project_id)
        others = [await stack.enter_async_context(by_hand)]
        if options.peer:
            url, pid = await stack.enter_async_context(peer(here.database_url, options.cache))
            others.append(Contender(name="postgraphile", url=url, pid=pid, in_own_words=True))
        echo = await stack.enter_async_context(_started("echo", "benchmarks.read.echo"))
        ours = Contender(name="ours", url=here.server.url, pid=here.server.pid, headers=here.server.headers)
        for question in questions(made.project_id, made.ids[-7]):
            if options.only in (None, question.name):
                rivals = [*others, echo] if question.name == "typename" else others
                await compare(question, [ours, *rivals], seconds=options.seconds, clients=options.clients)


async def main() -> None:
    """Run what is asked for."""
    parser = argparse.ArgumentParser(prog="scripts/bench read --", description=__doc__)
    parser.add_argument("--only", choices=["page", "trace", "list", "typename", "growth", "paging"])
    parser.add_argument("--steps", type=int, default=50_000, help="how many steps are stored")
    parser.add_argument("--times", type=int, default=50, help="growth: how many times as many steps in the end")
    parser.add_argument("--seconds", type=float, default=3.0, help="how long each round of each contender takes")
    parser.add_argument("--clients", type=int, default=8, help="how many connections ask at the same time")
    parser.add_argument("--peer", action="store_true", help="compare with PostGraphile 5 from npm too")
    parser.add_argument("--cache", type=Path, default=CACHE, help="where it is installed")
    options = parser.parse_args()
    with world() as here:
        await run(here, options)


if __name__ == "__main__":
    uvloop.run(main())
