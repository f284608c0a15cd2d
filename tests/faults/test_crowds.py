"""Crowds: many who do not read harm nobody who does, and many who come and go leave nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import psutil
import pytest
import pytest_asyncio

from models.ids import new_id
from scripts.embedded import Postgres, Redis
from scripts.memory import free_port
from server.heartbeat import LOOKS
from server.settings import Settings
from server.transport import FAREWELL_SECONDS
from tests.databases import cloned_database
from tests.faults.doors import http_door
from tests.faults.residents import Residents, residents
from tests.faults.scene import Scene, in_front, open_scene
from tests.faults.sockets import introduced
from tests.faults.watcher import Watcher, narrow
from tests.servers import Server
from tests.waiting import eventually

EACH = 50
EVENTS = 300
EVENT_BYTES = 16_000
SLOW_SECONDS = 0.02  # from one event to the next
FLAT_BYTES = 80 * 2**20  # all that is sent to those who do not read would be 240 MB

SEND_SECONDS = 4.0
PING_SECONDS = 120.0  # who has read all may be silent
PATIENCE = 60.0

CREATE = "mutation ($input: CreateTraceInput!) { createTrace(input: $input) { userErrors { message } } }"
FOLLOW = "subscription ($after: Cursor) { events(after: $after) { cursor ... on TraceStarted { trace { id input } } } }"
FILTERED = "subscription ($user: String!) { events(filter: {userId: {eq: $user}}) { cursor } }"

SOCKETS = 10
STAYING = 190  # subscriptions on a socket
LEAVING = 10  # sockets of one subscription each, one after the other
WARM = 20
LEFT_BYTES = 20 * 2**20


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def impatient(
    doomed_postgres: Postgres, doomed_redis: Redis, doomed_template: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Server]:
    """A server that does not wait for long, and tells what is in it."""
    async with cloned_database(doomed_postgres.url, doomed_template) as url:
        server = in_front(url, doomed_redis, tmp_path_factory.mktemp("impatient"))
        server.set("TRACEGRAPH_SEND_SECONDS", str(SEND_SECONDS))
        server.set("TRACEGRAPH_PING_SECONDS", str(PING_SECONDS))
        server.set("TRACEGRAPH_METRICS_PORT", str(free_port()))
        server.start()
        yield server
        server.stop()


@pytest.fixture
async def place(
    doomed_postgres: Postgres, doomed_redis: Redis, impatient: Server, tmp_path: Path
) -> AsyncIterator[Scene]:
    """A project of its own on that server."""
    async with open_scene(doomed_postgres, doomed_redis, impatient, tmp_path) as scene:
        yield scene


async def test_who_does_not_read_costs_nobody_anything(place: Scene) -> None:
    """Beside fifty who read slowly and fifty who don't, fifty see all; memory is flat, and the idle ones go."""
    async with AsyncExitStack() as stack:
        fast = [await watcher(place, stack) for _ in range(EACH)]
        slow = [await watcher(place, stack, is_narrow=True) for _ in range(EACH)]
        stalled = [await watcher(place, stack, is_narrow=True) for _ in range(EACH)]
        before = await rest(place, 3 * EACH)
        for each in stalled:
            each.connection.transport.pause_reading()
        reading = asyncio.gather(
            *[each.read(EVENTS) for each in fast], *[each.read(EVENTS, SLOW_SECONDS) for each in slow]
        )
        peak = await happen(place)
        async with asyncio.timeout(PATIENCE):
            await reading
        await rest(place, 2 * EACH)
        for each in stalled:
            each.connection.transport.resume_reading()
        await asyncio.gather(*[each.read(EVENTS) for each in stalled])
        back = await watcher(place, stack, after=stalled[0].cursor)
        await back.read(EVENTS - len(stalled[0].positions))

    everything = [*range(1, EVENTS + 1)]
    assert all(each.positions == everything for each in (*fast, *slow))
    assert peak - before.memory < FLAT_BYTES
    assert {each.connection.close_code for each in stalled} == {4499}
    assert all(each.connection.close_reason == f"SLOW_CONSUMER {each.cursor}" for each in stalled)
    assert stalled[0].positions + back.positions == everything


def test_who_does_not_read_is_gone_in_the_promised_time() -> None:
    """Until the last of its connection is given back, forty seconds pass at most."""
    settings = Settings()
    look = min(settings.ping_seconds, settings.send_seconds) / LOOKS

    assert settings.send_seconds + look + FAREWELL_SECONDS <= 40


async def test_who_comes_and_leaves_leaves_nothing(place: Scene) -> None:
    """Subscriptions that end and sockets that come and go leave no task, no ring and no memory behind."""
    await asyncio.gather(*[come_and_leave(place, number, WARM, WARM) for number in range(SOCKETS)])
    before = await rest(place)
    await asyncio.gather(*[come_and_leave(place, number, STAYING, LEAVING) for number in range(SOCKETS)])
    after = await rest(place, tasks=before.tasks)

    assert after.memory - before.memory < LEFT_BYTES


async def watcher(place: Scene, stack: AsyncExitStack, *, is_narrow: bool = False, after: str | None = None) -> Watcher:
    """Somebody who follows the project from its beginning, or from somewhere else."""
    way = narrow(place.server) if is_narrow else None
    connection = await stack.enter_async_context(await introduced(place.server, place.project_id, way))
    opened = Watcher(connection, place.project_id)
    await opened.ask(FOLLOW, after=after or opened.cursor)
    return opened


async def happen(place: Scene) -> int:
    """Let large things happen one after the other; the most memory that the server took meanwhile."""
    peak, process = 0, psutil.Process(place.server.pid)
    async with http_door(place.server, place.project_id, PATIENCE) as door:
        for _ in range(EVENTS):
            draft = {"id": new_id(), "name": "large", "input": "x" * EVENT_BYTES}
            said = await door.ask({"query": CREATE, "variables": {"input": draft}})
            assert not said.errors
            peak = max(peak, process.memory_info().rss)
    return peak


async def come_and_leave(place: Scene, number: int, subscriptions: int, sockets: int) -> None:
    """Subscribe and leave again and again, on one socket, and then on one after the other."""
    async with await introduced(place.server, place.project_id) as connection:
        staying = Watcher(connection, place.project_id)
        for each in range(subscriptions):
            await staying.ask(FILTERED, str(each), user=f"{number} {each}")
            await staying.hear()
            await staying.leave(str(each))
    for _ in range(sockets):
        async with await introduced(place.server, place.project_id) as connection:
            leaving = Watcher(connection, place.project_id)
            await leaving.ask(FILTERED, user=str(number))
            await leaving.hear()
            connection.transport.abort()


async def rest(place: Scene, streams: int = 0, tasks: int | None = None) -> Residents:
    """Wait until so many streams are open, and no more than so many tasks are there."""

    async def settled() -> Residents | None:
        now = await asyncio.to_thread(residents, place.server)
        is_settled = now.streams == streams and now.followed == bool(streams) and (tasks is None or now.tasks <= tasks)
        return now if is_settled else None

    found = await eventually(settled, PATIENCE)
    assert found
    return found
