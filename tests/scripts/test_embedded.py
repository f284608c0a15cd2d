"""The embedded PostgreSQL and Redis: what is kept, what is forgotten, who is let in."""

import os
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import psutil
import pytest
from redis import Redis as Client
from redis.backoff import NoBackoff
from redis.exceptions import AuthenticationError
from redis.exceptions import TimeoutError as RedisTimeoutError
from redis.retry import Retry

from scripts.embedded import start_postgres, start_redis
from scripts.homes import has_ended
from scripts.processes import StartError
from tests.scripts.programs import HASTY, running


async def ask(url: str, statement: str) -> object:
    connection = await asyncpg.connect(url, timeout=10)
    try:
        return await connection.fetchval(statement, timeout=2)
    finally:
        connection.terminate()


async def test_postgres_kill_keeps_what_was_committed(data_folder: Path) -> None:
    """A kill ends every process at once, and the next start recovers each committed row."""
    with running(start_postgres(data_folder)) as postgres:
        await ask(postgres.url, "CREATE TABLE kept AS SELECT 42 AS value")
        children = psutil.Process(postgres.pid).children()

        postgres.kill()
        assert children
        assert all(has_ended(child) for child in children)
        postgres.start()

        assert await ask(postgres.url, "SELECT value FROM kept") == 42
        assert await ask(postgres.url, "SHOW fsync") == "on"


async def test_postgres_start_with_a_stale_note(data_folder: Path) -> None:
    """The note of a killed server, its id taken by a stranger since, does not prevent a start."""
    with running(start_postgres(data_folder, HASTY)) as postgres:
        postgres.kill()
        note = data_folder / "postgres/data/postmaster.pid"
        _, *rest = note.read_text().splitlines()
        note.write_text("\n".join([str(os.getppid()), *rest]))

        postgres.start()

        assert await ask(postgres.url, "SELECT 1") == 1


async def test_postgres_freeze(data_folder: Path) -> None:
    """A frozen server gives no answer, on open and on new connections; thawed it goes on with both."""
    with running(start_postgres(data_folder, HASTY)) as postgres:
        connection = await asyncpg.connect(postgres.url)
        postgres.freeze()
        with pytest.raises(TimeoutError):
            await asyncpg.connect(postgres.url, timeout=0.2)
        query = connection.fetchval("SELECT 1", timeout=10)
        frozen = {process.status() for process in psutil.Process(postgres.pid).children()}

        postgres.thaw()

        assert frozen == {psutil.STATUS_STOPPED}
        assert await query == 1
        await connection.close()


async def test_postgres_stop_while_frozen(data_folder: Path) -> None:
    """A frozen server can be stopped in good order."""
    postgres = start_postgres(data_folder, HASTY)
    postgres.freeze()

    postgres.stop()

    assert "shut down" in (data_folder / "postgres/log").read_text().splitlines()[-1]


async def test_postgres_settings(data_folder: Path) -> None:
    """Its own options reach the server, next to ours: UTC, loopback only, texts in the order of their code points."""
    with running(start_postgres(data_folder, HASTY)) as postgres:
        names = ["fsync", "timezone", "listen_addresses", "unix_socket_directories", "server_encoding"]
        settings = [await ask(postgres.url, f"SHOW {name}") for name in names]
        order = await ask(postgres.url, "SELECT string_agg(x, '' ORDER BY x) FROM unnest('{b,B,a,A,é}'::text[]) x")

    assert settings == ["off", "UTC", "127.0.0.1", "", "UTF8"]
    assert order == "ABabé"


async def test_postgres_asks_for_its_password(data_folder: Path) -> None:
    """Other users of the machine reach the port, and no further."""
    with running(start_postgres(data_folder, HASTY)) as postgres:
        guess = urlsplit(postgres.url)._replace(netloc=f"postgres:guess@127.0.0.1:{urlsplit(postgres.url).port}")

        with pytest.raises(asyncpg.InvalidPasswordError):
            await ask(guess.geturl(), "SELECT 1")


def test_postgres_start_failed(data_folder: Path) -> None:
    """A server that does not start says why, and leaves the folder to the next attempt."""
    with pytest.raises(StartError, match='unrecognized configuration parameter "no_such_option"'):
        start_postgres(data_folder, {"no_such_option": "1"})

    start_postgres(data_folder, HASTY).stop()


def test_postgres_start_after_an_interrupted_first_one(data_folder: Path) -> None:
    """A cluster that was only half made is made again."""
    half = data_folder / "postgres/data.new"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")

    start_postgres(data_folder, HASTY).stop()

    assert not half.exists()


def test_redis_kill_forgets(data_folder: Path) -> None:
    """Redis comes back empty, at the same URL: PostgreSQL has the truth."""
    with running(start_redis(data_folder)) as redis, Client.from_url(redis.url) as client:
        client.set("seen", "once")

        redis.kill()
        redis.start()

        assert client.get("seen") is None


def test_redis_freeze(data_folder: Path) -> None:
    """A frozen Redis gives no answer; thawed it does, with its data."""
    with running(start_redis(data_folder)) as redis:
        with Client.from_url(redis.url) as client:
            client.set("seen", "once")
        redis.freeze()
        with (
            Client.from_url(redis.url, socket_timeout=0.2, retry=Retry(NoBackoff(), 0)) as hasty,
            pytest.raises(RedisTimeoutError),
        ):
            hasty.get("seen")

        redis.thaw()

        with Client.from_url(redis.url) as client:
            assert client.get("seen") == b"once"


def test_redis_asks_for_its_password(data_folder: Path) -> None:
    """Other users of the machine reach the port, and no further; the password is in no process list."""
    with running(start_redis(data_folder)) as redis:
        port = urlsplit(redis.url).port
        words = " ".join(psutil.Process(redis.pid).cmdline())
        with Client(port=port or 0, retry=Retry(NoBackoff(), 0)) as stranger, pytest.raises(AuthenticationError):
            stranger.ping()

    assert (urlsplit(redis.url).password or "") not in words
