"""What every benchmark runs on: real servers started for it, and lines of JSON that say what was measured where."""

from __future__ import annotations

import asyncio
import json
import os
import platform
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from scripts.embedded import start_postgres, start_redis
from tests.servers import Server

ROOM = {"max_wal_size": "8GB"}  # no checkpoint disturbs
PACKAGES = ("asyncpg", "graphql-core", "orjson", "strawberry-graphql", "uvicorn")


@dataclass(frozen=True, kw_only=True)
class World:
    """PostgreSQL, Redis and our server in front of them; logs lie in the folder."""

    folder: Path
    database_url: str
    redis_url: str
    server: Server


@contextmanager
def world(options: Mapping[str, str] = ROOM, **settings: str) -> Iterator[World]:
    """Start everything, with durable commits as in production; stop and delete it at the end.

    `options` are those of PostgreSQL, `settings` those of our server.
    """
    folder = Path(tempfile.mkdtemp(prefix="tracegraph-bench-"))
    folder.chmod(0o711)
    postgres, redis = start_postgres(folder, options), start_redis(folder)
    try:
        with served(folder, postgres.url, redis.url, **settings) as here:
            yield here
    finally:
        redis.stop()
        postgres.stop()
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def served(folder: Path, database_url: str, redis_url: str, **settings: str) -> Iterator[World]:
    """Migrate a database and start our server in front of it; stop it at the end."""
    environment = {"DATABASE_URL": database_url, "REDIS_URL": redis_url, "TRACEGRAPH_DATA_DIR": str(folder)}
    key = "tg_dev_" + secrets.token_hex(24)
    migrating = os.environ | environment | {"TRACEGRAPH_DEV_KEY": key}
    subprocess.run([sys.executable, "-m", "server", "migrate"], env=migrating, check=True)
    server = Server(environment | settings, key=key, log=folder / "server.log")
    server.start()
    try:
        yield World(folder=folder, database_url=database_url, redis_url=redis_url, server=server)
    finally:
        server.stop()


async def listening(port: int, process: subprocess.Popen[bytes]) -> None:
    """Wait until a process listens. Raises RuntimeError when it ends before."""
    while process.poll() is None:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.05)
        else:
            writer.close()
            return
    message = f"{process.args!r} ended before it was ready."
    raise RuntimeError(message)


def report(benchmark: str, **figures: Any) -> None:
    """Print one line of results, with the machine and the versions they hold for."""
    machine = {"cpus": os.cpu_count(), "python": platform.python_version(), "system": platform.platform(terse=True)}
    versions = {package: version(package) for package in PACKAGES}
    print(json.dumps({"benchmark": benchmark, **figures, "machine": machine, "versions": versions}), flush=True)
