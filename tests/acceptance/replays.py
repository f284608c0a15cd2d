"""Replays as a user runs them: `scripts/replay` as a process, with a ledger that can be read while it grows."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.acceptance.recorded import Recording
from tests.servers import ROOT, Server

REPLAY_SECONDS = 100.0


def replay(server: Server, recording: Recording, *options: str) -> list[str]:
    """The command that replays a recording to a server."""
    files = ["--runs", str(recording.runs), "--arrivals", str(recording.arrivals)]
    return [str(ROOT / "scripts/replay"), "--url", server.url, "--key", server.key, *files, *options]


@contextmanager
def replaying(command: list[str]) -> Iterator[subprocess.Popen[str]]:
    """A replay that is under way."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Its status and what it said, when it has come to its end."""
    said, _ = process.communicate(timeout=REPLAY_SECONDS)
    return process.returncode, said


def acknowledged(ledger: Path) -> list[tuple[str, str]]:
    """The field and the id of each mutation that the server has acknowledged so far."""
    if not ledger.exists():
        return []
    content = ledger.read_text()
    entries = [json.loads(line) for line in content[: content.rfind("\n") + 1].splitlines()]
    mutations = [entry["mutation"].split() for entry in entries if entry["state"] == "acknowledged"]
    return [(field, identity) for field, identity in mutations]
