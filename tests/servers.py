"""Our own server as a test meets it: a process of its own, on a port of its own, with real databases behind it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import httpx

from scripts.memory import free_port
from scripts.processes import Guard
from tests.waiting import until

ROOT = Path(__file__).parent.parent
READY_SECONDS = 30.0
DRAIN_SECONDS = 30.0


class Server:
    """`python -m server serve`, at the same URL as often as it is started; a fake may be served by another module."""

    def __init__(
        self, environment: Mapping[str, str], key: str, log: Path, module: str = "server", options: Sequence[str] = ()
    ) -> None:
        self.port = free_port()
        self._command = [sys.executable, "-m", module, "serve", *options]
        self.key = key
        self.log = log
        self._environment: dict[str, str] = {
            **{name: value for name, value in os.environ.items() if not name.startswith("TRACEGRAPH_")},
            **environment,
            "TRACEGRAPH_PORT": str(self.port),
            "TRACEGRAPH_DEV_KEY": key,
        }
        self._process: subprocess.Popen[bytes] | None = None
        self._guard: Guard | None = None

    @property
    def url(self) -> str:
        """Where it answers HTTP."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def database_url(self) -> str:
        """Where its database is."""
        return self._environment["DATABASE_URL"]

    @property
    def redis_url(self) -> str:
        """Where its Redis is."""
        return self._environment["REDIS_URL"]

    @property
    def headers(self) -> dict[str, str]:
        """What a request needs to be let in."""
        return {"Authorization": f"Bearer {self.key}"}

    @property
    def pid(self) -> int:
        """The id of its process."""
        return self._running().pid

    def metric(self, name: str) -> float:
        """What it tells Prometheus under this name, labels included; TRACEGRAPH_METRICS_PORT has to be set."""
        port = self._environment["TRACEGRAPH_METRICS_PORT"]
        told = httpx.get(f"http://127.0.0.1:{port}/metrics", trust_env=False).text
        found = re.search(rf"^{re.escape(name)} (\S+)$", told, re.MULTILINE)
        return float(found[1]) if found else 0.0

    def set(self, name: str, value: str) -> None:
        """Set a setting for the next start."""
        self._environment[name] = value

    def start(self) -> None:
        """Start it and return when it is ready; raises RuntimeError with its log when it ends instead."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                cwd=ROOT,
                env=self._environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._guard = Guard(self._process.pid, signal.SIGTERM)
        try:
            until(self._is_ready, READY_SECONDS)
        except BaseException:
            self.kill()
            raise

    def restart(self) -> None:
        """Kill it, unless that was done already, and start it again."""
        self.kill()
        self.start()

    def stop(self) -> int:
        """Ask it to finish (SIGTERM) and return its exit status; raises TimeoutExpired when it does not."""
        process = self._running()
        process.terminate()
        try:
            return process.wait(DRAIN_SECONDS)
        finally:
            self.kill()

    def kill(self) -> None:
        """End it at once (SIGKILL)."""
        if self._guard is not None:
            self._guard.dismiss()
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self._process = self._guard = None

    def is_running(self) -> bool:
        """Whether it was started and has not ended."""
        return self._process is not None and self._process.poll() is None

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            message = "the server is not running"
            raise RuntimeError(message)
        return self._process

    def _is_ready(self) -> bool:
        if not self.is_running():
            message = f"the server ended before it was ready:\n{self.log.read_text(errors='replace')[-4000:]}"
            raise RuntimeError(message)
        try:
            return httpx.get(f"{self.url}/readyz", trust_env=False).is_success
        except httpx.TransportError:
            return False
