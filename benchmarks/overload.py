"""Goodput under overload: five times as many clients as at the peak, none of which waits when it is told to.

Clients write batches or read pages, as fast as they are answered. The peak is the best of several numbers of clients.
Then five times as many come, which ask again at once when they are refused. Goodput is what was answered with data.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import orjson

from benchmarks.world import ROOM, report, world
from models.ids import new_id
from tests.servers import Server

CROWDS = (4, 8, 16, 32)
OVERLOAD = 5
SEEDED = 200  # batches that are there to be read
BATCH = 20
KINDS = {"reads": ("read",), "writes": ("write",), "both": ("read", "write")}
OK = 200
READ = "{ traces(first: 50) { nodes { id name startTime cost steps(first: 10) { nodes { id name model } } } } }"
WRITE = "mutation($input: IngestInput!) { ingest(input: $input) { accepted } }"


@dataclass(kw_only=True)
class Tally:
    """What was answered while it counts, by kind of request and by status."""

    counting: bool = False
    answers: Counter[tuple[str, int]] = field(default_factory=Counter)
    waits: dict[str, list[float]] = field(default_factory=lambda: {"read": [], "write": []})

    def note(self, kind: str, status: int, seconds: float) -> None:
        """Count an answer."""
        if self.counting:
            self.answers[kind, status] += 1
            if status == OK:
                self.waits[kind].append(seconds)


async def client(server: Server, kind: str, tally: Tally) -> None:
    """Ask again and again on one connection until cancelled."""
    while True:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        try:
            while True:
                began = time.perf_counter()
                writer.write(request(server, kind))
                status, keeps = await answer(reader)
                tally.note(kind, status, time.perf_counter() - began)
                if not keeps:
                    break
        except (OSError, asyncio.IncompleteReadError):
            tally.note(kind, 0, 0.0)
        finally:
            writer.close()


def request(server: Server, kind: str) -> bytes:
    """A request to read a page, or to write a batch that is new."""
    body = orjson.dumps({"query": READ} if kind == "read" else {"query": WRITE, "variables": {"input": batch()}})
    head = (
        f"POST /graphql HTTP/1.1\r\nhost: here\r\ncontent-type: application/json\r\n"
        f"authorization: Bearer {server.key}\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def batch() -> dict[str, object]:
    """A trace and its steps."""
    trace = new_id()
    call = {"traceId": trace, "name": "call", "kind": "LLM", "status": "OK", "model": "m", "cost": "0.001"}
    return {"traces": [{"id": trace, "name": "run"}], "steps": [call | {"id": new_id()} for _ in range(BATCH - 1)]}


async def answer(reader: asyncio.StreamReader) -> tuple[int, bool]:
    """The status of an answer, and whether the connection is kept."""
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    length = int(head.partition(b"content-length: ")[2].split(b"\r\n")[0])
    await reader.readexactly(length)
    return int(head[9:12]), b"connection: close" not in head


async def measure(server: Server, crowd: int, kinds: Sequence[str], seconds: float) -> Tally:
    """Let so many clients ask for a while; the first second does not count."""
    tally = Tally()
    tasks = [asyncio.create_task(client(server, kinds[number % len(kinds)], tally)) for number in range(crowd)]
    await asyncio.sleep(1)
    tally.counting = True
    await asyncio.sleep(seconds)
    tally.counting = False
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return tally


def told(tally: Tally, crowd: int, seconds: float) -> dict[str, object]:
    """A tally in numbers."""
    rates: dict[str, object] = {"clients": crowd, "goodput": goodput(tally) / seconds}
    for kind, waits in tally.waits.items():
        rates[f"{kind}s_per_second"] = len(waits) / seconds
        if waits:
            rates |= {f"{kind}_p50_ms": quantile(waits, 0.5) * 1000, f"{kind}_p99_ms": quantile(waits, 0.99) * 1000}
    rates["others"] = {f"{kind} {status}": count for (kind, status), count in tally.answers.items() if status != OK}
    return rates


def quantile(waits: list[float], q: float) -> float:
    """What so many of the waits do not exceed."""
    return sorted(waits)[int(q * (len(waits) - 1))]


def goodput(tally: Tally) -> int:
    """How many were answered with data."""
    return sum(count for (_, status), count in tally.answers.items() if status == OK)


async def seed(server: Server) -> None:
    """Write what there is to be read."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    for _ in range(SEEDED):
        writer.write(request(server, "write"))
        await answer(reader)
    writer.close()


async def run(loads: Sequence[str], seconds: float, settings: Mapping[str, str]) -> None:
    """Measure reads, writes and both."""
    with world(ROOM, **settings) as here:
        await seed(here.server)
        for name in loads:
            kinds = KINDS[name]
            tallies = {crowd: await measure(here.server, crowd, kinds, seconds) for crowd in CROWDS}
            best = max(tallies, key=lambda crowd: goodput(tallies[crowd]))
            over = await measure(here.server, OVERLOAD * best, kinds, seconds)
            report(
                "overload",
                load=name,
                seconds=seconds,
                peak=told(tallies[best], best, seconds),
                overload=told(over, OVERLOAD * best, seconds),
                ratio=goodput(over) / goodput(tallies[best]),
                ratios={kind: len(over.waits[kind]) / len(tallies[best].waits[kind]) for kind in kinds},
                settings=settings,
            )


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--seconds", type=float, default=4.0)
    arguments.add_argument("--loads", nargs="+", choices=KINDS, default=[*KINDS])
    arguments.add_argument("--set", nargs="*", default=[], metavar="NAME=VALUE", help="settings of the server")
    given = arguments.parse_args()
    asyncio.run(run(given.loads, given.seconds, dict(each.split("=", 1) for each in given.set)))
