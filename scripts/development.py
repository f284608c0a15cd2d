"""`make up`: Tracegraph on this machine, with a PostgreSQL and a Redis of its own where none are named.

Everything it starts stops with it, whether by Ctrl-C, by SIGTERM, or, when it is killed, through the guards of its
processes. The data folder keeps the databases and the development key for the next time.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType

from scripts.accounts import AccountError
from scripts.embedded import start_postgres, start_redis
from scripts.homes import FolderInUseError
from scripts.memory import free_port, is_free, remembered_secret
from scripts.polling import comes_true
from scripts.processes import Guard, StartError
from server.settings import Settings, SettingsError, read_settings

SERVER = (sys.executable, "-m", "server")
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
READY_SECONDS = 60.0
DRAIN_SECONDS = 30.0
MISUSE = 2

WELCOME = """
Tracegraph is ready.

  GraphQL          {url}/graphql
  GraphiQL         {url}/graphiql
  Health           {url}/readyz
  Development key  {key}
  Data             {folder}

Ctrl-C stops everything; the data stays.
"""


def main() -> int:
    """Run until interrupted; returns the status to exit with."""
    try:
        settings = read_settings(os.environ)
    except SettingsError as error:
        return _refuse(error, MISUSE)
    for number in SIGNALS:
        signal.signal(number, _interrupt)
    try:
        with ExitStack() as stack:
            return _develop(settings, stack)
    except KeyboardInterrupt:
        print("Stopped.", flush=True)
        return 0
    except (AccountError, FolderInUseError, StartError, OSError) as error:
        return _refuse(error, 1)


def _develop(settings: Settings, stack: ExitStack) -> int:
    folder = Path(settings.data_dir).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    port = settings.port or free_port()
    url = _address(settings.host, port)
    key = settings.dev_key or remembered_secret(folder / "development_key", "tg_dev_")
    environment = {
        **os.environ,
        **_servers(settings, folder, stack),
        "TRACEGRAPH_PORT": str(port),
        "TRACEGRAPH_DATA_DIR": str(folder),
        "TRACEGRAPH_DEV_KEY": key,
    }
    _migrate(environment)
    server = stack.enter_context(_serving(environment))
    _wait_until_ready(server, url)
    print(WELCOME.format(url=url, key=key, folder=folder), flush=True)
    return server.wait()


def _servers(settings: Settings, folder: Path, stack: ExitStack) -> dict[str, str]:
    """Start what is not named by a URL already; returns the URLs of what was started."""
    urls = {}
    if not settings.database_url:
        postgres = start_postgres(folder)
        stack.callback(postgres.stop)
        urls["DATABASE_URL"] = postgres.url
    if not settings.redis_url:
        redis = start_redis(folder)
        stack.callback(redis.stop)
        urls["REDIS_URL"] = redis.url
    return urls


def _address(host: str, port: int) -> str:
    """Where a browser on this machine finds the server; raises StartError when somebody else is there."""
    if not is_free(port, host):
        message = (
            f"Port {port} of {host} is taken. "
            f"Stop what listens there, or choose another: TRACEGRAPH_PORT={port + 1} make up"
        )
        raise StartError(message)
    shown = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not bound
    return f"http://[{shown}]:{port}" if ":" in shown else f"http://{shown}:{port}"


def _migrate(environment: Mapping[str, str]) -> None:
    # In a session of its own: Ctrl-C is for us, and we pass it on.
    status = subprocess.run([*SERVER, "migrate"], env=environment, start_new_session=True, check=False).returncode
    if status:
        message = f"The migration of the database failed with status {status}."
        raise StartError(message)


@contextmanager
def _serving(environment: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """Run the server for as long as the body takes, and let it finish its work afterwards."""
    server = subprocess.Popen([*SERVER, "serve"], env=environment, start_new_session=True)
    guard = Guard(server.pid, signal.SIGTERM)
    try:
        yield server
    finally:
        guard.dismiss()
        server.terminate()
        try:
            server.wait(DRAIN_SECONDS)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _wait_until_ready(server: subprocess.Popen[bytes], url: str) -> None:
    ready = comes_true(lambda: server.poll() is not None or _answers(f"{url}/readyz"), READY_SECONDS)
    if server.poll() is not None:
        message = f"The server ended with status {server.returncode} before it was ready."
        raise StartError(message)
    if not ready:
        message = f"The server was not ready within {READY_SECONDS:.0f} seconds."
        raise StartError(message)


def _answers(url: str) -> bool:
    """Whether a GET is answered with success; a refusal is an OSError too."""
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(url, timeout=1):
            return True
    except OSError:
        return False


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    """Begin to stop, once: a second Ctrl-C must not cut the stopping short."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def _refuse(error: Exception, status: int) -> int:
    print(f"scripts/up: {error}", file=sys.stderr, flush=True)
    return status


if __name__ == "__main__":
    sys.exit(main())
