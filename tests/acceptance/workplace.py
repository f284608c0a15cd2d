"""`make up` as a user runs it: a process that prints where it serves, and stops on a signal."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil

from scripts.memory import free_port
from tests.servers import ROOT
from tests.waiting import until

# A fresh checkout builds its page first.
START_SECONDS = 100.0
STOP_SECONDS = 60.0


class Workplace:
    """One run of `scripts/up` in a data folder, on a port of its own."""

    def __init__(self, data: Path, log: Path, environment: Mapping[str, str] | None = None) -> None:
        self.port = free_port()
        self.log = log
        own = ("TRACEGRAPH_", "DATABASE_URL", "REDIS_URL")
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(own)}
        settings = {"TRACEGRAPH_PORT": str(self.port), "TRACEGRAPH_DATA_DIR": str(data), **(environment or {})}
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                [ROOT / "scripts/up"],
                cwd=ROOT,
                env={**inherited, **settings},
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def output(self) -> str:
        return self.log.read_text(errors="replace")

    @property
    def key(self) -> str:
        """The development key that it prints."""
        found = re.search(r"Development key +(\S+)", self.output)
        assert found is not None, self.output
        return found[1]

    def wait_until_ready(self) -> None:
        """Return when it has said so; raises RuntimeError with its output when it ends instead."""

        def said() -> bool:
            if self.process.poll() is not None:
                raise RuntimeError(self.output)
            return "Ctrl-C stops everything" in self.output

        until(said, START_SECONDS)

    def ask(self, document: str, variables: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The data of an operation, sent with the printed key."""
        answer = httpx.post(
            f"{self.url}/graphql",
            json={"query": document, "variables": variables or {}},
            headers={"Authorization": f"Bearer {self.key}"},
            trust_env=False,
        ).json()
        assert "errors" not in answer, answer
        data: dict[str, Any] = answer["data"]
        return data

    def family(self) -> list[psutil.Process]:
        """Every process that it has started, and itself."""
        own = psutil.Process(self.process.pid)
        return [own, *own.children(recursive=True)]

    def stop(self) -> int:
        """Send the signal of Ctrl-C and return the exit status."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(STOP_SECONDS)


@contextmanager
def workplace(data: Path, log: Path, environment: Mapping[str, str] | None = None) -> Iterator[Workplace]:
    """A run that is over, with all it started, when the block is."""
    run = Workplace(data, log, environment)
    try:
        yield run
    finally:
        run.process.terminate()
        run.process.wait(STOP_SECONDS)
