"""A server that is told to stop finishes what it has begun and sends its clients elsewhere."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys

import asyncpg
import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from tests.servers import ROOT, Server

SPOKEN = Subprotocol("graphql-transport-ws")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_sockets_are_closed_with_1012_before_the_end(server: Server, number: signal.Signals) -> None:
    """A signal closes the sockets with 1012, for their clients to connect again, and ends the process well."""
    code = await signalled_and_closed(server, number)

    assert code == 1012
    assert server.stop() == 0


async def signalled_and_closed(server: Server, number: signal.Signals) -> int | None:
    """Follow events until the server, which is signalled meanwhile, closes the socket."""
    async with connect(server.url.replace("http", "ws") + "/graphql", subprotocols=[SPOKEN], proxy=None) as client:
        await client.send(json.dumps({"type": "connection_init", "payload": {"authorization": f"Bearer {server.key}"}}))
        await client.recv()
        os.kill(server.pid, number)
        async with asyncio.timeout(10):
            await client.wait_closed()
        return client.close_code


async def test_requests_under_way_are_finished(server: Server, database_url: str) -> None:
    """A write that has begun when the signal comes is answered, and then the process ends; the others never began."""
    query = {"query": 'mutation { createTrace(input: {name: "last"}) { trace { id } } }'}
    async with httpx.AsyncClient(base_url=server.url, headers=server.headers, trust_env=False) as client:
        await client.post("/graphql", json=query)
        writes = [asyncio.create_task(client.post("/graphql", json=query)) for _ in range(20)]
        await asyncio.wait(writes, return_when=asyncio.FIRST_COMPLETED)
        os.kill(server.pid, signal.SIGTERM)
        answers = await asyncio.gather(*writes, return_exceptions=True)

    assert server.stop() == 0
    answered = [answer for answer in answers if isinstance(answer, httpx.Response) and answer.is_success]
    assert answered
    assert await stored_traces(database_url) == 1 + len(answered)


def test_a_worker_leaves_though_its_supervisor_went_first(database_url: str, redis_url: str) -> None:
    """A worker whose supervisor was gone before it could look drains at once, and ends well."""
    with subprocess.Popen(["true"]) as supervisor:
        supervisor.wait()
    environment = os.environ | {"DATABASE_URL": database_url, "REDIS_URL": redis_url}
    with socket.create_server(("127.0.0.1", 0)) as listener:
        inherited = str(listener.fileno())
        command = [sys.executable, "-m", "server", "serve", "--fd", inherited, "--supervisor", str(supervisor.pid)]
        worker = subprocess.run(
            command, cwd=ROOT, env=environment, pass_fds=[listener.fileno()], timeout=100, check=False
        )

    assert worker.returncode == 0


async def stored_traces(database_url: str) -> int:
    """How many traces there are."""
    connection = await asyncpg.connect(database_url)
    count: int = await connection.fetchval("SELECT count(*) FROM traces")
    await connection.close()
    return count
