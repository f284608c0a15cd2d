"""Metrics: what a server tells Prometheus, on a port of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from prometheus_client import Counter, Gauge, Histogram, start_http_server

from ingest.writer import Writer
from models.database import Database
from pubsub.feed import Feeds
from server.drain import Drain

LOOK_SECONDS = 0.5
RETRY_SECONDS = 1.0

REFUSALS = Counter("tracegraph_refusals", "Requests over HTTP that were not answered with data, by code.", ["code"])
LOOP_LAG = Histogram(
    "tracegraph_loop_lag_seconds",
    "How late the event loop was for something that was due; measured twice a second.",
    buckets=(0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5),
)
WAITING_ROWS = Gauge("tracegraph_waiting_rows", "Records that wait for their commit.")
CONNECTIONS = Gauge("tracegraph_database_connections", "Connections to PostgreSQL that are open.")
IDLE = Gauge("tracegraph_database_connections_idle", "Open connections to PostgreSQL that nobody uses.")
STREAMS = Gauge("tracegraph_streams", "WebSockets and event streams that are open.")
FOLLOWED = Gauge(
    "tracegraph_followed_projects", "Projects whose events are kept at hand because somebody follows them."
)
TASKS = Gauge("tracegraph_tasks", "Tasks of the event loop.")


def show(database: Database, writer: Writer, drain: Drain, feeds: Feeds) -> None:
    """Show the present state of these from now on, whenever somebody asks."""
    loop = asyncio.get_running_loop()
    gauges: tuple[tuple[Gauge, Callable[[], float]], ...] = (
        (WAITING_ROWS, lambda: writer.waiting_rows),
        (CONNECTIONS, database.pool.get_size),
        (IDLE, database.pool.get_idle_size),
        (STREAMS, lambda: drain.sockets),
        (FOLLOWED, lambda: len(feeds)),
        (TASKS, lambda: len(asyncio.all_tasks(loop))),
    )
    for gauge, ask in gauges:
        gauge.set_function(ask)


async def keep_metrics(host: str, port: int) -> None:
    """Answer `/metrics` until cancelled, but for port 0; waits for a port that the process before us still has."""
    while True:
        if not port:
            await asyncio.Event().wait()
        try:
            server, thread = start_http_server(port, addr=host)
        except OSError:
            await asyncio.sleep(RETRY_SECONDS)
            continue
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.to_thread(server.shutdown)
            server.server_close()
            thread.join()


async def keep_looking_at_the_loop() -> None:
    """Measure how late the event loop is, until cancelled."""
    time = asyncio.get_running_loop().time
    while True:
        due = time() + LOOK_SECONDS
        await asyncio.sleep(LOOK_SECONDS)
        LOOP_LAG.observe(time() - due)
